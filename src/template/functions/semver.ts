/** Version constraints, by the rules of Masterminds/semver (which are not npm's). */
import { failure, value as hidden } from '../errors.ts';
import { define } from '../signature.ts';
import { comparePrereleases, compareVersions, parseVersion, type Version } from './version.ts';

const PART = '[0-9|xX*]+';
const VERSION = `v?(${PART})(\\.${PART})?(\\.${PART})?(-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?`;
const OPERATOR = '!=|>=|=>|<=|=<|~>|=|>|<|~|\\^|';
const SPACE = '[\\t\\n\\f\\r ]';
const uncaptured = VERSION.replace(/\((?!\?)/g, '(?:');
const RANGE = new RegExp(`${SPACE}*(${uncaptured})${SPACE}+-${SPACE}+(${uncaptured})${SPACE}*`, 'g');
const ONE = new RegExp(`(${OPERATOR})${SPACE}*(?:${VERSION})`, 'g');
const EXACTLY_ONE = new RegExp(`^(${OPERATOR})${SPACE}*${VERSION}$`);
const TERM = `(?:${OPERATOR})${SPACE}*${uncaptured}`;
const VALID = new RegExp(`^${SPACE}*${TERM}${SPACE}*(?:(?:${SPACE}+|,${SPACE}*)${TERM}${SPACE}*)*$`);

/** One comparison, e.g. `>=1.2`: how many parts were given tells what the rest may be. */
interface Constraint {
  readonly operator: string;
  readonly version: Version;
  readonly given: 'none' | 'major' | 'minor' | 'all';
}

/** Whether the version meets the constraint text: terms joined by `||`, comma or space. @throws Failure */
function satisfies(text: string, version: Version): boolean {
  const alternatives = text
    .replace(RANGE, (_all, from: string, to: string) => `>= ${from}, <= ${to} `)
    .split('||')
    .map(parseTerms);
  return alternatives.some((terms) => {
    const prereleases = terms.some((term) => term.version.parts.prerelease !== '');
    if (version.parts.prerelease !== '' && !prereleases) return false;
    return terms.every((term) => check(term, version));
  });
}

function parseTerms(text: string): Constraint[] {
  if (!VALID.test(text)) throw failure`improper constraint: ${hidden(text)}`;
  return (text.match(ONE) ?? []).map(parseTerm);
}

const isWild = (part: string | undefined): boolean => part === undefined || /^\.?[xX*]$/.test(part);

function parseTerm(text: string): Constraint {
  const [, operator = '', major, minor, patch, prerelease = ''] = EXACTLY_ONE.exec(text) ?? [];
  if (isWild(major)) return { operator, version: parsePart(`0.0.0${prerelease}`), given: 'none' };
  if (isWild(minor)) return { operator, version: parsePart(`${major}.0.0${prerelease}`), given: 'major' };
  if (isWild(patch)) return { operator, version: parsePart(`${major}${minor}.0${prerelease}`), given: 'minor' };
  return { operator, version: parsePart(text.replace(/^[!=<>~^\s]*/, '')), given: 'all' };
}

function parsePart(text: string): Version {
  try {
    return parseVersion(text);
  } catch {
    throw failure`constraint parser error`;
  }
}

function check(term: Constraint, version: Version): boolean {
  const order = compareVersions(version, term.version);
  switch (term.operator) {
    case '!=':
      return differs(term, version);
    case '>':
      return greater(term, version);
    case '<':
      return order < 0;
    case '>=':
    case '=>':
      return order >= 0;
    case '<=':
    case '=<':
      return atMost(term, version);
    case '~':
    case '~>':
      return tilde(term, version);
    case '^':
      return caret(term, version);
    default:
      return term.given === 'all' ? order === 0 : tilde(term, version);
  }
}

const sameMajor = (term: Constraint, { parts }: Version): boolean => parts.major === term.version.parts.major;
const sameMinor = (term: Constraint, { parts }: Version): boolean => parts.minor === term.version.parts.minor;

function differs(term: Constraint, version: Version): boolean {
  if (term.given === 'all') return compareVersions(version, term.version) !== 0;
  if (!sameMajor(term, version)) return true;
  if (term.given === 'major') return false;
  if (!sameMinor(term, version)) return true;
  if (term.given === 'none') return compareVersions(version, term.version) !== 0;
  return comparePrereleases(version.parts.prerelease, term.version.parts.prerelease) !== 0;
}

function greater(term: Constraint, version: Version): boolean {
  if (term.given === 'all' || (sameMajor(term, version) && term.given === 'none')) {
    return compareVersions(version, term.version) > 0;
  }
  if (!sameMajor(term, version)) return version.parts.major > term.version.parts.major;
  return term.given === 'minor' && version.parts.minor > term.version.parts.minor;
}

function atMost(term: Constraint, version: Version): boolean {
  if (term.given === 'all') return compareVersions(version, term.version) <= 0;
  if (version.parts.major > term.version.parts.major) return false;
  return !sameMajor(term, version) || term.given === 'major' || version.parts.minor <= term.version.parts.minor;
}

function tilde(term: Constraint, version: Version): boolean {
  if (compareVersions(version, term.version) < 0) return false;
  const { major, minor, patch } = term.version.parts;
  const anything = major === 0n && minor === 0n && patch === 0n && (term.given === 'all' || term.given === 'none');
  if (anything) return true;
  return sameMajor(term, version) && (term.given === 'major' || sameMinor(term, version));
}

function caret(term: Constraint, version: Version): boolean {
  if (compareVersions(version, term.version) < 0) return false;
  const { major, minor, patch } = term.version.parts;
  if (major > 0n || term.given === 'major') return sameMajor(term, version);
  if (version.parts.major > 0n) return false;
  if (minor > 0n || term.given === 'minor') return sameMinor(term, version);
  return version.parts.minor === 0n && version.parts.patch === patch;
}

export const semverFunctions = [
  ...define('semver', 'string', parseVersion),
  ...define('semverCompare', 'string string', (constraint, version) => {
    satisfies(constraint, EMPTY);
    return satisfies(constraint, parseVersion(version));
  }),
];

/** Any version, to check a constraint's syntax before the version's as the original does. */
const EMPTY = parseVersion('0');
