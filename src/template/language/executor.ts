/** Runs parse trees, as Go's text/template does: statements here, what stands in their pipelines in the evaluator. */
import type { Budget } from '../budget.ts';
import { Failure, failure, message, source, TemplateError, value as hidden, word, type Message } from '../errors.ts';
import { NO_FLAGS } from '../format/flags.ts';
import { quote } from '../format/quote.ts';
import { GoInt, GoMap, GoSlice, int, isTrue, type Operand, type Value } from '../values.ts';
import { Boxed, type Evaluated } from './arguments.ts';
import { Evaluator, type Surroundings } from './evaluator.ts';
import {
  printNode,
  type BranchNode,
  type Node,
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

export interface Execution extends Surroundings {
  readonly program: Program;
  readonly output: string[];
}

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
  private readonly evaluator: Evaluator;

  constructor(execution: Execution, tree: Tree, dot: Evaluated, depth: number) {
    this.execution = execution;
    this.tree = tree;
    this.depth = depth;
    this.dot = dot;
    this.budget = execution.runtime.budget;
    this.evaluator = new Evaluator(execution, dot, tree.root);
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
    const { node } = this.evaluator;
    const before = text.slice(0, node.at);
    const line = before.split('\n').length;
    const column = node.at - (before.lastIndexOf('\n') + 1);
    const where = message`template: ${word(origin.name)}:${line}:${column}: executing ${source(quote(this.tree.name))} at <${source(printNode(node))}>: ${detail}`;
    return new TemplateError('exec', where.text(origin.show), { name: origin.name, line, column });
  }

  private walk(dot: Evaluated, nodes: readonly Statement[]): Outcome {
    for (const node of nodes) {
      this.budget.spend(1);
      this.evaluator.node = node;
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
        const result = this.evaluator.pipeline(dot, node.pipe);
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
    this.evaluator.node = node;
    if (typeof result === 'string') this.emit(result);
    else if (result === undefined || result === null) this.emit('<no value>');
    else this.emit(this.execution.runtime.printer.print(result, 'v', NO_FLAGS));
  }

  private choose(dot: Evaluated, node: BranchNode): Outcome {
    const { variables } = this.evaluator;
    const mark = variables.length;
    const result = this.evaluator.pipeline(dot, node.pipe);
    let outcome: Outcome = 'done';
    if (isTrue(result)) outcome = this.walk(node.kind === 'with' ? result : dot, node.list.nodes);
    else if (node.otherwise !== undefined) outcome = this.walk(dot, node.otherwise.nodes);
    variables.length = mark;
    return outcome;
  }

  private range(dot: Evaluated, node: BranchNode): Outcome {
    const { variables } = this.evaluator;
    const mark = variables.length;
    const over = this.evaluator.pipeline(dot, node.pipe);
    const body = variables.length;
    let outcome: Outcome = 'done';
    let ran = false;
    for (const [index, element] of this.iterations(over, node)) {
      ran = true;
      this.budget.spend(1);
      this.assignLoopVariables(node.pipe, index, element);
      const ended = this.walk(element, node.list.nodes);
      variables.length = body;
      if (ended === 'break') break;
    }
    if (!ran && node.otherwise !== undefined) outcome = this.walk(dot, node.otherwise.nodes);
    variables.length = mark;
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
    const { variables } = this.evaluator;
    const names = pipe.declares.map((each) => each.names[0] ?? '');
    const values = names.length > 1 ? [index, element] : [element];
    names.forEach((name, i) => {
      if (pipe.assigns) this.evaluator.setVariable(name, values[i]);
      else {
        const slot = variables[variables.length - names.length + i];
        if (slot !== undefined) slot.value = values[i];
      }
    });
  }

  private template(dot: Evaluated, node: TemplateNode): void {
    const tree = this.execution.program.trees.get(node.name);
    if (tree === undefined) throw failure`template ${source(quote(node.name))} not defined`;
    const { depth } = this.budget.limits;
    if (this.depth >= depth) throw failure`exceeded maximum template depth (${depth})`;
    const argument = node.pipe === undefined ? undefined : this.evaluator.pipeline(dot, node.pipe);
    new State(this.execution, tree, argument, this.depth + 1).run();
  }
}

function boxIn(elem: string, item: Value): Evaluated {
  return elem === 'interface {}' && item !== null ? new Boxed(item) : item;
}
