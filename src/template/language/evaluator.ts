/**
 * Evaluates pipelines: operands, fields, variables, function calls. The current node is remembered and not restored,
 * because Go reports errors at the node it looked at last.
 */
import type { Budget } from '../budget.ts';
import { Failure, failure, message, Message, source, word } from '../errors.ts';
import { parseParams, type Callable, type Param, type Runtime, type TemplateFunction } from '../signature.ts';
import { GoSlice, isTrue, type Operand } from '../values.ts';
import { quote } from '../format/quote.ts';
import { asArgument, concrete, constant, literalArgument, nilFor, unbox, type Evaluated } from './arguments.ts';
import { fieldOf, methodOf, type MissingKey } from './fields.ts';
import {
  printNode,
  type ChainNode,
  type CommandNode,
  type Node,
  type Operand as OperandNode,
  type PipeNode,
} from './nodes.ts';

/** What evaluation needs to know besides the tree. */
export interface Surroundings {
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  readonly missingKey: MissingKey;
  readonly runtime: Runtime;
}

interface Variable {
  readonly name: string;
  value: Evaluated;
}

/** Marks "no argument from an earlier pipeline stage", which differs from a stage that gave nothing. */
const NONE = Symbol('no final argument');
type Final = Evaluated | typeof NONE;

/** Evaluates the pipelines of one running template, which has its own variables. */
export class Evaluator {
  readonly variables: Variable[];
  /** The node looked at last. */
  node: Node;
  private readonly surroundings: Surroundings;
  private readonly budget: Budget;

  constructor(surroundings: Surroundings, dot: Evaluated, root: Node) {
    this.surroundings = surroundings;
    this.budget = surroundings.runtime.budget;
    this.variables = [{ name: '$', value: dot }];
    this.node = root;
  }

  /** Gives the nearest variable of that name a value. */
  setVariable(name: string, value: Evaluated): void {
    const found = this.variables.findLast((each) => each.name === name);
    if (found === undefined) throw failure`undefined variable: ${source(name)}`;
    found.value = value;
  }

  private variable(name: string): Evaluated {
    const found = this.variables.findLast((each) => each.name === name);
    if (found === undefined) throw failure`undefined variable: ${source(name)}`;
    return found.value;
  }

  /** The value of a pipeline; variables it declares stay on the stack. */
  pipeline(dot: Evaluated, pipe: PipeNode): Operand {
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
      return fieldOf(receiver, name, this.surroundings.missingKey, args.length > 1 || final !== NONE);
    }
    const { fixed, variadic } = parseParams(method.params);
    const call = (_runtime: Runtime, given: readonly Operand[]): Operand => method.call(...(given as never[]));
    return this.call(dot, { fixed, variadic, call }, name, node, args.slice(1), final);
  }

  private function(dot: Evaluated, name: string, node: Node, args: readonly OperandNode[], final: Final): Evaluated {
    const found = this.surroundings.functions.get(name);
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
      return this.charge(callable.call(this.surroundings.runtime, given));
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
