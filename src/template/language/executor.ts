/**
 * Runs parse trees, as Go's text/template does. The current node is remembered and not restored, because Go reports
 * errors at the node it looked at last.
 */
import type { Budget } from '../budget.ts';
import { Failure, failure, message, source, TemplateError, value as hidden, word, Message } from '../errors.ts';
import { NO_FLAGS } from '../format/flags.ts';
import { quote } from '../format/quote.ts';
import { parseParams, type Callable, type Param, type Runtime, type TemplateFunction } from '../signature.ts';
import { GoInt, GoMap, GoSlice, int, isTrue, type Operand, type Value } from '../values.ts';
import { asArgument, Boxed, concrete, constant, literalArgument, nilFor, unbox, type Evaluated } from './arguments.ts';
import { fieldOf, methodOf, type MissingKey } from './fields.ts';
import {
  printNode,
  type BranchNode,
  type ChainNode,
  type CommandNode,
  type Node,
  type Operand as OperandNode,
  type PipeNode,
  type Statement,
  type TemplateNode,
  type Tree,
} from './nodes.ts';
import type { Origin } from './tokens.ts';

export interface Program {
  readonly origin: Origin;
  readonly text: string;
  readonly trees: ReadonlyMap<string, Tree>;
}

export interface Execution {
  readonly program: Program;
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  readonly missingKey: MissingKey;
  readonly runtime: Runtime;
  readonly output: string[];
}

interface Variable {
  readonly name: string;
  value: Evaluated;
}

/** Marks "no argument from an earlier pipeline stage", which differs from a stage that gave nothing. */
const NONE = Symbol('no final argument');
type Final = Evaluated | typeof NONE;

/** How a list of statements ended. */
type Outcome = 'done' | 'break' | 'continue';

/** Runs the template of that name with `dot`; output goes to `execution.output`. */
export function execute(execution: Execution, name: string, dot: Value): void {
  const tree = execution.program.trees.get(name);
  if (tree !== undefined) new State(execution, tree, dot, 0).run();
}

class State {
  private readonly execution: Execution;
  private readonly tree: Tree;
  private readonly depth: number;
  private readonly dot: Evaluated;
  private readonly budget: Budget;
  private readonly variables: Variable[];
  private node: Node;

  constructor(execution: Execution, tree: Tree, dot: Evaluated, depth: number) {
    this.execution = execution;
    this.tree = tree;
    this.depth = depth;
    this.dot = dot;
    this.budget = execution.runtime.budget;
    this.variables = [{ name: '$', value: dot }];
    this.node = tree.root;
  }

  run(): void {
    try {
      this.walk(this.dot, this.tree.root.nodes);
    } catch (error) {
      throw error instanceof Failure ? this.error(error.detail) : error;
    }
  }

  /** Adds to a message where it happened. */
  private error(detail: Message): TemplateError {
    const { origin, text } = this.execution.program;
    const before = text.slice(0, this.node.at);
    const line = before.split('\n').length;
    const column = this.node.at - (before.lastIndexOf('\n') + 1);
    const where = message`template: ${word(origin.name)}:${line}:${column}: executing ${source(quote(this.tree.name))} at <${source(printNode(this.node))}>: ${detail}`;
    return new TemplateError('exec', where.text(origin.show), { name: origin.name, line, column });
  }

  private walk(dot: Evaluated, nodes: readonly Statement[]): Outcome {
    for (const node of nodes) {
      this.budget.spend(1);
      this.node = node;
      const outcome = this.statement(dot, node);
      if (outcome !== 'done') return outcome;
    }
    return 'done';
  }

  private statement(dot: Evaluated, node: Statement): Outcome {
    switch (node.kind) {
      case 'text':
        this.emit(node.text);
        return 'done';
      case 'action': {
        const result = this.pipeline(dot, node.pipe);
        if (node.pipe.declares.length === 0) this.print(node, result);
        return 'done';
      }
      case 'if':
      case 'with':
        return this.choose(dot, node);
      case 'range':
        return this.range(dot, node);
      case 'template':
        this.template(dot, node);
        return 'done';
      default:
        return node.kind;
    }
  }

  private emit(text: string): void {
    this.budget.emit(text.length);
    this.execution.output.push(text);
  }

  private print(node: Node, result: Operand): void {
    this.node = node;
    if (typeof result === 'string') this.emit(result);
    else if (result === undefined || result === null) this.emit('<no value>');
    else this.emit(this.execution.runtime.printer.print(result, 'v', NO_FLAGS));
  }

  private choose(dot: Evaluated, node: BranchNode): Outcome {
    const mark = this.variables.length;
    const result = this.pipeline(dot, node.pipe);
    let outcome: Outcome = 'done';
    if (isTrue(result)) outcome = this.walk(node.kind === 'with' ? result : dot, node.list.nodes);
    else if (node.otherwise !== undefined) outcome = this.walk(dot, node.otherwise.nodes);
    this.variables.length = mark;
    return outcome;
  }

  private range(dot: Evaluated, node: BranchNode): Outcome {
    const mark = this.variables.length;
    const over = this.pipeline(dot, node.pipe);
    const body = this.variables.length;
    let outcome: Outcome = 'done';
    let ran = false;
    for (const [index, element] of this.iterations(over, node)) {
      ran = true;
      this.budget.spend(1);
      this.assignLoopVariables(node.pipe, index, element);
      const ended = this.walk(element, node.list.nodes);
      this.variables.length = body;
      if (ended === 'break') break;
    }
    if (!ran && node.otherwise !== undefined) outcome = this.walk(dot, node.otherwise.nodes);
    this.variables.length = mark;
    return outcome;
  }

  private *iterations(over: Operand, node: BranchNode): Generator<readonly [Evaluated, Evaluated]> {
    if (over instanceof GoInt) yield* this.countTo(over, node);
    else if (over instanceof GoSlice) {
      for (const [i, item] of over.items.entries()) yield [int(i), boxIn(over.elem, item)];
    } else if (over instanceof GoMap) {
      for (const key of over.sortedKeys()) yield [key, boxIn(over.elem, over.entries.get(key) ?? null)];
    } else if (over !== undefined && over !== null) {
      throw failure`range can't iterate over ${this.hiddenText(over)}`;
    }
  }

  private *countTo(over: GoInt, node: BranchNode): Generator<readonly [Evaluated, Evaluated]> {
    if (node.pipe.declares.length > 1) {
      throw failure`can't use ${this.hiddenText(over)} to iterate over more than one variable`;
    }
    for (let i = 0n; i < over.value; i++) yield [undefined, new GoInt(over.type, i)];
  }

  private hiddenText(of: Value): ReturnType<typeof hidden> {
    return hidden(this.execution.runtime.printer.print(of, 'v', NO_FLAGS), of);
  }

  private assignLoopVariables(pipe: PipeNode, index: Evaluated, element: Evaluated): void {
    const names = pipe.declares.map((each) => each.names[0] ?? '');
    const values = names.length > 1 ? [index, element] : [element];
    names.forEach((name, i) => {
      if (pipe.assigns) this.setVariable(name, values[i]);
      else {
        const slot = this.variables[this.variables.length - names.length + i];
        if (slot !== undefined) slot.value = values[i];
      }
    });
  }

  private template(dot: Evaluated, node: TemplateNode): void {
    const tree = this.execution.program.trees.get(node.name);
    if (tree === undefined) throw failure`template ${source(quote(node.name))} not defined`;
    const { depth } = this.budget.limits;
    if (this.depth >= depth) throw failure`exceeded maximum template depth (${depth})`;
    const argument = node.pipe === undefined ? undefined : this.pipeline(dot, node.pipe);
    new State(this.execution, tree, argument, this.depth + 1).run();
  }

  private setVariable(name: string, value: Evaluated): void {
    const found = this.variables.findLast((each) => each.name === name);
    if (found === undefined) throw failure`undefined variable: ${source(name)}`;
    found.value = value;
  }

  private variable(name: string): Evaluated {
    const found = this.variables.findLast((each) => each.name === name);
    if (found === undefined) throw failure`undefined variable: ${source(name)}`;
    return found.value;
  }

  private pipeline(dot: Evaluated, pipe: PipeNode): Operand {
    this.node = pipe;
    let final: Final = NONE;
    for (const command of pipe.commands) final = concrete(this.command(dot, command, final));
    const result = final === NONE ? undefined : concrete(final);
    for (const variable of pipe.declares) {
      const name = variable.names[0] ?? '';
      if (pipe.assigns) this.setVariable(name, result);
      else this.variables.push({ name, value: result });
    }
    return result;
  }

  private command(dot: Evaluated, command: CommandNode, final: Final): Evaluated {
    this.budget.spend(1);
    const first = command.args[0];
    if (first === undefined) return undefined;
    switch (first.kind) {
      case 'field':
        this.node = first;
        return this.fields(dot, dot, first, first.names, command.args, final);
      case 'chain':
        return this.chain(dot, first, command.args, final);
      case 'identifier':
        this.node = first;
        return this.function(dot, first.name, command, command.args, final);
      case 'pipe':
        this.notAFunction(command.args, final);
        return this.pipeline(dot, first);
      case 'variable':
        this.node = first;
        if (first.names.length === 1) this.notAFunction(command.args, final);
        return this.variableOrField(dot, first.names, first, command.args, final);
      default:
        this.node = first;
        this.notAFunction(command.args, final);
        if (first.kind === 'dot') return dot;
        if (first.kind === 'nil') throw failure`nil is not a command`;
        return constant(first);
    }
  }

  private notAFunction(args: readonly OperandNode[], final: Final): void {
    if (args.length <= 1 && final === NONE) return;
    const [first] = args;
    throw failure`can't give argument to non-function ${source(first === undefined ? '' : printNode(first))}`;
  }

  private chain(dot: Evaluated, node: ChainNode, args: readonly OperandNode[], final: Final): Evaluated {
    this.node = node;
    const base = this.untyped(dot, node.base);
    return this.fields(dot, base, node, node.names, args, final);
  }

  private variableOrField(
    dot: Evaluated,
    names: readonly string[],
    node: Node,
    args: readonly OperandNode[],
    final: Final,
  ): Evaluated {
    const value = this.variable(names[0] ?? '');
    return names.length === 1 ? value : this.fields(dot, value, node, names.slice(1), args, final);
  }

  /** `.a.b.c`, the last of which may be a method that takes the arguments. */
  private fields(
    dot: Evaluated,
    base: Evaluated,
    node: Node,
    names: readonly string[],
    args: readonly OperandNode[],
    final: Final,
  ): Evaluated {
    let receiver = base;
    names.forEach((name, i) => {
      const last = i === names.length - 1;
      receiver = this.field(dot, receiver, node, name, last ? args : [], last ? final : NONE);
    });
    return receiver;
  }

  private field(
    dot: Evaluated,
    receiver: Evaluated,
    node: Node,
    name: string,
    args: readonly OperandNode[],
    final: Final,
  ): Evaluated {
    const method = methodOf(receiver, name);
    if (method === undefined) {
      return fieldOf(receiver, name, this.execution.missingKey, args.length > 1 || final !== NONE);
    }
    const { fixed, variadic } = parseParams(method.params);
    const call = (_runtime: Runtime, given: readonly Operand[]): Operand => method.call(...(given as never[]));
    return this.call(dot, { fixed, variadic, call }, name, node, args.slice(1), final);
  }

  private function(dot: Evaluated, name: string, node: Node, args: readonly OperandNode[], final: Final): Evaluated {
    const found = this.execution.functions.get(name);
    if (found === undefined) throw failure`${source(quote(name))} is not a defined function`;
    this.checkCount(found, name, args.length - 1, final);
    if (found.builtin && (name === 'and' || name === 'or')) return this.lazy(dot, name, args.slice(1), final);
    return this.call(dot, found, name, node, args.slice(1), final);
  }

  private checkCount(found: Callable, name: string, given: number, final: Final): void {
    const count = given + (final === NONE ? 0 : 1);
    const want = found.fixed.length;
    if (found.variadic !== undefined) {
      if (count < want) throw failure`wrong number of args for ${word(name)}: want at least ${want} got ${given}`;
    } else if (count !== want) {
      throw failure`wrong number of args for ${word(name)}: want ${want} got ${count}`;
    }
  }

  /** `and`, `or`: stop at the first argument that decides. */
  private lazy(dot: Evaluated, name: 'and' | 'or', args: readonly OperandNode[], final: Final): Evaluated {
    let result: Evaluated;
    for (const arg of args) {
      result = this.argument(dot, arg, REFLECT_VALUE);
      if (isTrue(unbox(result)) === (name === 'or')) return result;
    }
    return final === NONE ? result : final;
  }

  private call(
    dot: Evaluated,
    callable: Callable,
    name: string,
    node: Node,
    args: readonly OperandNode[],
    final: Final,
  ): Operand {
    this.checkCount(callable, name, args.length, final);
    const given = args.map((arg, i) => this.argument(dot, arg, paramAt(callable, i)));
    if (final !== NONE) given.push(asArgument(final, paramAt(callable, args.length)));
    try {
      this.budget.spend(2);
      return this.charge(callable.call(this.execution.runtime, given));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.node = node;
      throw failure`error calling ${word(name)}: ${this.reason(name, args, error)}`;
    }
  }

  /** `fail` shows its text when it stands in the template; `call` names what it was given as it is written there. */
  private reason(name: string, args: readonly OperandNode[], { detail }: Failure): Message {
    const [first] = args;
    if (name === 'fail' && first?.kind === 'string') return message`${source(first.value)}`;
    if (name !== 'call' || first === undefined) return detail;
    const written = source(printNode(first));
    return new Message(detail.pieces.map((piece) => (piece.piece === 'value' ? written : piece)));
  }

  private charge(result: Operand): Operand {
    if (typeof result === 'string') this.budget.allocate(result.length);
    else if (result instanceof GoSlice) this.budget.allocate(result.items.length * 16);
    return result;
  }

  private argument(dot: Evaluated, node: OperandNode, param: Param): Operand {
    this.node = node;
    if (node.kind === 'nil') return nilFor(param, () => failure`cannot assign nil to ${word(param.type)}`);
    if (node.kind === 'bool' || node.kind === 'number' || node.kind === 'string') return literalArgument(node, param);
    return asArgument(this.untyped(dot, node), param);
  }

  private untyped(dot: Evaluated, node: OperandNode): Evaluated {
    this.node = node;
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'field':
        return this.fields(dot, dot, node, node.names, [], NONE);
      case 'variable':
        return this.variableOrField(dot, node.names, node, [], NONE);
      case 'pipe':
        return this.pipeline(dot, node);
      case 'identifier':
        return this.function(dot, node.name, node, [node], NONE);
      case 'chain':
        return this.chain(dot, node, [], NONE);
      default:
        throw failure`can't evaluate command ${source(quote(printNode(node)))}`;
    }
  }
}

const REFLECT_VALUE: Param = { type: 'reflect.Value', kind: 'value' };

function paramAt(callable: Callable, i: number): Param {
  return callable.fixed[i] ?? callable.variadic ?? REFLECT_VALUE;
}

function boxIn(elem: string, item: Value): Evaluated {
  return elem === 'interface {}' && item !== null ? new Boxed(item) : item;
}
