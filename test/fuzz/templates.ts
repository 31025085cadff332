/** Makes whole templates: text, actions with trimming, variables and all control structures around expressions. */
import { VALUE_KINDS } from './catalogue.ts';
import type { Kind } from './catalogue.ts';
import { Expressions } from './expressions.ts';
import type { Scope } from './expressions.ts';
import type { Random } from './random.ts';

export interface Delimiters {
  readonly left: string;
  readonly right: string;
}

const TEXTS = ['x', ' ', '\n', ' \n\t ', 'text ', '\r\n', '}}', '{ ', 'é', '- ', ': ', '  end', '"', '\0', ''];
const VARIABLES = ['$a', '$b', '$c', '$é', '$x1'];

export class Templates {
  private readonly random: Random;
  private readonly delimiters: Delimiters;
  private readonly expressions: Expressions;
  private readonly slips: number;
  /** Names that `define` and `block` gave. */
  private readonly names: string[] = [];
  private scope: Scope = { variables: [], data: '.', dot: 'map', inRange: false };

  constructor(random: Random, delimiters: Delimiters, slips: number) {
    this.random = random;
    this.delimiters = delimiters;
    this.slips = slips;
    this.expressions = new Expressions(random, slips);
  }

  /** A template; `depth` bounds how deep control structures nest. */
  template(depth: number): string {
    const { random } = this;
    const definitions = random.chance(0.15) ? random.several(1, 2, () => this.definition()) : [];
    const body = this.body(depth);
    return random.chance(0.5) ? definitions.join('') + body : body + definitions.join('');
  }

  /** One action that shows what a single expression gives, in a way that shows its type too. */
  probe(): string {
    const kind = this.random.pick([...VALUE_KINDS, 'text', 'any'] as const);
    const show = this.random.pick([
      '',
      '',
      ' | toJson',
      ' | printf "%#v"',
      ' | typeOf',
      ' | printf "%T %v"',
      ' | toYaml',
      ' | printf "%q"',
      ' | len',
      ' | quote',
    ]);
    return this.action(this.expressions.pipeline(kind, this.scope, 3) + show);
  }

  private body(depth: number): string {
    const before = this.scope;
    const parts = this.random.several(1, depth > 1 ? 4 : 2, () => this.node(depth));
    this.scope = before;
    return parts.join('');
  }

  private node(depth: number): string {
    const make = this.random.weighted<() => string>(
      [3, () => this.random.pick(TEXTS)],
      [9, () => this.action(this.expressions.pipeline(this.kind(), this.scope))],
      [3, () => this.declaration()],
      [1, () => this.assignment()],
      [0.6, () => this.comment()],
      [this.names.length > 0 ? 1.5 : 0.1, () => this.invocation()],
      ...(depth > 0
        ? ([
            [2, () => this.choice('if', depth - 1)],
            [2, () => this.choice('with', depth - 1)],
            [3, () => this.range(depth - 1)],
            [0.5, () => this.block(depth - 1)],
          ] as const)
        : []),
      [this.scope.inRange ? 1 : 0.05, () => this.leave()],
    );
    return make();
  }

  private kind(): Kind {
    return this.random.pick(['text', 'text', ...VALUE_KINDS] as const);
  }

  private action(inside: string): string {
    const { random } = this;
    const { left, right } = this.delimiters;
    const space = random.weighted([20, ' '], [1, ''], [1, '\n'], [1, '\t ']);
    const open = random.chance(0.15) ? `${left}- ` : left + space;
    const close = random.chance(0.15) ? ` -${right}` : space + right;
    return open + inside + close;
  }

  private remember(name: string, kind: Kind): void {
    this.scope = { ...this.scope, variables: [...this.scope.variables, { name, kind }] };
  }

  private declaration(): string {
    const kind = this.random.weighted<Kind>([8, this.kind()], [1, 'any'], [1, 'time'], [1, 'version']);
    const name = this.random.pick(VARIABLES);
    const text = this.action(`${name} := ${this.expressions.pipeline(kind, this.scope, 2)}`);
    this.remember(name, kind);
    return text;
  }

  private assignment(): string {
    const known = this.scope.variables.filter(({ kind }) => kind !== 'time' && kind !== 'version');
    if (known.length === 0) return this.random.chance(this.slips) ? this.action('$nope = 1') : this.declaration();
    const { name, kind } = this.random.pick(known);
    return this.action(`${name} = ${this.expressions.pipeline(kind, this.scope, 2)}`);
  }

  private comment(): string {
    const { left, right } = this.delimiters;
    return left + this.random.pick(['/* note */', '- /* a\nb */ -', '/**/', '/* }} */ -', '- /* x */ -']) + right;
  }

  private invocation(): string {
    const name = this.random.chance(0.95) && this.names.length > 0 ? this.random.pick(this.names) : 'nope';
    const argument = this.random.weighted(
      [3, ' .'],
      [3, ` ${this.expressions.pipeline(this.kind(), this.scope, 1)}`],
      [1, ''],
      [1, ' $'],
    );
    return this.action(`template "${name}"${argument}`);
  }

  private choice(word: 'if' | 'with', depth: number): string {
    const outer = this.scope;
    const kind = this.kind();
    const variable = this.random.chance(0.25) ? this.random.pick(VARIABLES) : undefined;
    const pipeline = this.expressions.pipeline(kind, this.scope, 2);
    const head = this.action(`${word} ${variable === undefined ? '' : `${variable} := `}${pipeline}`);
    if (variable !== undefined) this.remember(variable, kind);
    const withVariable = this.scope;
    if (word === 'with') this.enter(kind);
    const then = this.body(depth);
    this.scope = withVariable;
    const tail = this.alternatives(word, depth);
    this.scope = outer;
    return head + then + tail + this.action('end');
  }

  private alternatives(word: 'if' | 'with', depth: number): string {
    const kind = this.kind();
    const other = this.random.chance(0.04) ? (word === 'if' ? 'with' : 'if') : word;
    const chain = this.random.chance(0.2)
      ? this.action(`else ${other} ${this.expressions.pipeline(kind, this.scope, 1)}`) +
        this.inside(other === 'with' ? kind : undefined, depth)
      : '';
    return chain + (this.random.chance(0.4) ? this.action('else') + this.body(depth) : '');
  }

  private inside(dot: Kind | undefined, depth: number): string {
    const before = this.scope;
    if (dot !== undefined) this.enter(dot);
    const text = this.body(depth);
    this.scope = before;
    return text;
  }

  /** Inside `with` and `range` the dot is another, and the data is reached through `$`. */
  private enter(dot: Kind): void {
    this.scope = { ...this.scope, dot, data: this.scope.data === undefined ? undefined : '$.' };
  }

  private range(depth: number): string {
    const outer = this.scope;
    const kind = this.random.weighted<Kind>(
      [3, 'list'],
      [2, 'texts'],
      [2, 'ints'],
      [2, 'dict'],
      [1, 'small'],
      [1, 'map'],
      [0.4, this.random.pick(['text', 'float', 'bool'] as const)],
    );
    const element: Kind =
      kind === 'texts' || kind === 'map' ? 'text' : kind === 'ints' || kind === 'small' ? 'int' : 'any';
    const names = this.random.weighted([4, []], [3, ['$a']], [4, ['$a', '$b']], [0.1, ['$a', '$b', '$c']]);
    const operator = names.length > 0 && this.scope.variables.length > 1 && this.random.chance(0.15) ? '=' : ':=';
    const pipeline = this.expressions.pipeline(kind, this.scope, 2);
    const head = this.action(`range ${names.length === 0 ? '' : `${names.join(', ')} ${operator} `}${pipeline}`);
    if (names[1] !== undefined) this.remember(names[0] ?? '', 'any');
    if (names.length > 0 && operator === ':=') this.remember(names.at(-1) ?? '', element);
    this.scope = { ...this.scope, inRange: true };
    const body = this.inside(element, depth);
    this.scope = outer;
    const tail = this.random.chance(0.25) ? this.action('else') + this.body(depth) : '';
    return head + body + tail + this.action('end');
  }

  private leave(): string {
    const word = this.random.pick(['break', 'continue']);
    const condition = this.expressions.pipeline('bool', this.scope, 1);
    return this.random.chance(0.6)
      ? this.action(`if ${condition}`) + this.action(word) + this.action('end')
      : this.action(word);
  }

  private block(depth: number): string {
    const name = this.random.chance(0.9) ? `b${this.names.length}` : this.random.pick(['t1', 't2', 'é']);
    const kind = this.kind();
    const head = this.action(`block "${name}" ${this.expressions.pipeline(kind, this.scope, 1)}`);
    const body = this.foreign(kind, depth);
    this.names.push(name);
    return head + body + this.action('end');
  }

  private definition(): string {
    const name = this.random.chance(0.9) ? `t${this.names.length + 3}` : this.random.pick(['t1', 'k', 'é']);
    const body = this.random.chance(0.1) ? ' \n' : this.foreign('any', 1);
    this.names.push(name);
    return this.action(`define "${name}"`) + body + this.action('end');
  }

  /** The body of another template: no variables, no data, any dot; it calls nobody, so that nothing recurs. */
  private foreign(dot: Kind, depth: number): string {
    const before = this.scope;
    const names = this.names.splice(0);
    this.scope = { variables: [], data: undefined, dot, inRange: false };
    const text = this.body(Math.min(depth, 1));
    this.scope = before;
    this.names.push(...names);
    return text;
  }
}
