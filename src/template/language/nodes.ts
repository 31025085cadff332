/** The parse tree of a template, and its nodes written out again for error messages. */
import { quote } from '../format/quote.ts';

/** The text a node was parsed from, for positions in errors. */
export interface SourceText {
  /** Name of the whole text, not of a template defined in it. */
  readonly name: string;
  readonly text: string;
}

interface At {
  /** Byte offset in the source text. */
  readonly at: number;
}

export interface TextNode extends At {
  readonly kind: 'text';
  readonly text: string;
}
export interface ActionNode extends At {
  readonly kind: 'action';
  readonly pipe: PipeNode;
}
export interface PipeNode extends At {
  readonly kind: 'pipe';
  readonly assigns: boolean;
  readonly declares: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
}
export interface CommandNode extends At {
  readonly kind: 'command';
  readonly args: readonly Operand[];
}
export interface IdentifierNode extends At {
  readonly kind: 'identifier';
  readonly name: string;
}
export interface VariableNode extends At {
  readonly kind: 'variable';
  /** `$x.a.b` as `$x`, `a`, `b`. */
  readonly names: readonly string[];
}
export interface FieldNode extends At {
  readonly kind: 'field';
  readonly names: readonly string[];
}
export interface ChainNode extends At {
  readonly kind: 'chain';
  readonly base: Operand;
  readonly names: readonly string[];
}
export interface DotNode extends At {
  readonly kind: 'dot';
}
export interface NilNode extends At {
  readonly kind: 'nil';
}
export interface BoolNode extends At {
  readonly kind: 'bool';
  readonly value: boolean;
}
export interface StringNode extends At {
  readonly kind: 'string';
  readonly quoted: string;
  readonly value: string;
}
/** A constant, under every type that can hold it exactly. */
export interface NumberNode extends At {
  readonly kind: 'number';
  readonly text: string;
  readonly int?: bigint;
  readonly uint?: bigint;
  readonly float?: number;
  /** Imaginary part; complex values are recognised and refused. */
  readonly imaginary?: number;
}
export interface BranchNode extends At {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly otherwise: ListNode | undefined;
}
export interface TemplateNode extends At {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}
export interface JumpNode extends At {
  readonly kind: 'break' | 'continue';
}
export interface ListNode extends At {
  readonly kind: 'list';
  readonly nodes: Statement[];
}

export type Statement = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;
export type Operand =
  | IdentifierNode
  | VariableNode
  | FieldNode
  | ChainNode
  | DotNode
  | NilNode
  | BoolNode
  | StringNode
  | NumberNode
  | PipeNode;
export type Node = Statement | Operand | ListNode | CommandNode;

/** One named template; the root has the name of the whole text. */
export interface Tree {
  readonly name: string;
  readonly root: ListNode;
}

/** The node as template text (a byte string), normalised as Go prints it. */
export function printNode(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'list':
      return node.nodes.map(printNode).join('');
    case 'action':
      return `{{${printNode(node.pipe)}}}`;
    case 'if':
    case 'with':
    case 'range':
      return printBranch(node);
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${printNode(node.pipe)}`}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'pipe':
      return printPipe(node);
    case 'command':
      return node.args.map(printArgument).join(' ');
    default:
      return printOperand(node);
  }
}

function printOperand(node: Exclude<Operand, PipeNode>): string {
  switch (node.kind) {
    case 'identifier':
      return node.name;
    case 'variable':
      return node.names.join('.');
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'chain':
      return printArgument(node.base) + node.names.map((name) => `.${name}`).join('');
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'string':
      return node.quoted;
    default:
      return node.text;
  }
}

function printArgument(node: Operand): string {
  return node.kind === 'pipe' ? `(${printPipe(node)})` : printOperand(node);
}

function printPipe(node: PipeNode): string {
  const names = node.declares.map(printNode).join(', ');
  const declared = node.declares.length > 0 ? `${names}${node.assigns ? ' = ' : ' := '}` : '';
  return declared + node.commands.map(printNode).join(' | ');
}

function printBranch(node: BranchNode): string {
  const otherwise = node.otherwise === undefined ? '' : `{{else}}${printNode(node.otherwise)}`;
  return `{{${node.kind} ${printPipe(node.pipe)}}}${printNode(node.list)}${otherwise}{{end}}`;
}
