/**
 * What the grammar knows about functions: what goes in and what comes out, finer than Go's types (`small` is an int that
 * allocates little, `regex` is text that is likely a regular expression). A test holds the list against the engine's own.
 */

/** What an expression yields. The first group are values of a type of their own, the second are texts and ints with a meaning. */
export const VALUE_KINDS = ['text', 'int', 'int64', 'float', 'bool', 'list', 'texts', 'ints', 'dict', 'map'] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];
export type Kind = ValueKind | 'any' | 'time' | 'version' | Hint;
export type Hint = keyof typeof HINTS;

/** What a hint falls back to when no specimen is taken. */
export const HINTS = {
  small: 'int',
  number: 'any',
  numeral: 'text',
  sequence: 'list',
  chars: 'text',
  key: 'text',
  regex: 'text',
  replacement: 'text',
  layout: 'text',
  dated: 'text',
  span: 'text',
  zone: 'text',
  moment: 'int',
  release: 'text',
  constraint: 'text',
  json: 'text',
  yaml: 'text',
  url: 'text',
  path: 'text',
  encoded: 'text',
  typeName: 'text',
  pem: 'text',
  jwk: 'text',
  archive: 'text',
  pass: 'text',
} as const;

export interface CatalogueEntry {
  readonly name: string;
  readonly params: readonly Kind[];
  readonly variadic: Kind | undefined;
  readonly result: Kind;
}

/** One line: names separated by `=`, parameters, what comes out. */
const FUNCTIONS_BY_KIND = `
and=or(any,...any) any
not(any) bool
len(any) int
index(any,...any) any
print=println=html=js=urlquery(...any) text
eq(any,...any) bool
ne=lt=le=gt=ge(any,any) bool
trim=upper=lower=title=untitle=swapcase=nospace=initials=camelcase=snakecase=kebabcase(text) text
trimAll=trimall=trimSuffix=trimPrefix(chars,text) text
substr(small,small,text) text
trunc=abbrev=wrap=repeat=indent=nindent(small,text) text
abbrevboth(small,small,text) text
wrapWith(small,chars,text) text
replace(chars,text,text) text
contains=hasPrefix=hasSuffix(chars,text) bool
quote=squote=cat(...any) text
plural(text,text,small) text
join(chars,sequence) text
split(chars,text) map
splitn(chars,small,text) map
splitList(chars,text) texts
sortAlpha=toStrings(sequence) texts
toString(any) text
hello() text
int(number) int
int64=toDecimal=add1(number) int64
float64=add1f=ceil=floor(number) float
atoi(numeral) int
add(...number) int64
mul=max=biggest=min(number,...number) int64
sub=div=mod(number,number) int64
addf(...number) float
subf=mulf=divf=maxf=minf(number,...number) float
round(number,small,...float) float
until(small) ints
untilStep(small,small,small) ints
seq(...small) text
default(any,...any) any
empty(any) bool
coalesce(...any) any
all=any(...any) bool
ternary(any,any,bool) any
fail(text) text
list=tuple(...any) list
append=push=mustAppend=mustPush(sequence,any) list
prepend=mustPrepend(sequence,any) list
concat(...sequence) list
first=last=mustFirst=mustLast(sequence) any
rest=initial=reverse=uniq=compact=mustRest=mustInitial=mustReverse=mustUniq=mustCompact(sequence) list
without=mustWithout(sequence,...any) list
has=mustHas(any,sequence) bool
slice=mustSlice(sequence,...small) list
chunk=mustChunk(small,sequence) list
dict(key,any,key,any) dict
get(dict,key) any
set(dict,key,any) dict
unset(dict,key) dict
hasKey(dict,key) bool
pick=omit(dict,...key) dict
pluck(key,...dict) list
dig(key,key,any,dict) any
merge=mustMerge=mergeOverwrite=mustMergeOverwrite(dict,...dict) dict
deepCopy=mustDeepCopy(any) any
deepEqual(any,any) bool
fromJson=mustFromJson(json) any
toJson=toPrettyJson=toRawJson=mustToJson=mustToPrettyJson=mustToRawJson=toYaml(any) text
b64enc=b32enc=sha1sum=sha256sum=sha512sum=adler32sum=regexQuoteMeta(text) text
b64dec=b32dec=hexdec(encoded) text
typeOf=kindOf(any) text
typeIs=kindIs=typeIsLike(typeName,any) bool
base=dir=clean=ext=osBase=osDir=osClean=osExt(path) text
isAbs=osIsAbs(path) bool
urlParse(url) dict
urlJoin(dict) text
regexMatch=mustRegexMatch(regex,text) bool
regexFind=mustRegexFind(regex,text) text
regexFindAll=mustRegexFindAll=regexSplit=mustRegexSplit(regex,text,small) texts
regexReplaceAll=mustRegexReplaceAll(regex,text,replacement) text
regexReplaceAllLiteral=mustRegexReplaceAllLiteral(regex,text,replacement) text
date(layout,moment) text
dateInZone=date_in_zone(layout,moment,zone) text
htmlDate(moment) text
htmlDateInZone(moment,zone) text
toDate=mustToDate(layout,dated) time
dateModify=date_modify=mustDateModify=must_date_modify(span,time) time
duration(numeral) text
durationRound(span) text
unixEpoch(time) text
semver(release) version
semverCompare(constraint,release) bool
filterPEM(typeName,pem) text
filterCertChain(typeName,pem) text
certSANs(pem) texts
jwkPublicKeyPem=jwkPrivateKeyPem(jwk) text
pkcs12key=pkcs12cert(archive) text
pkcs12keyPass=pkcs12certPass(pass,archive) text
decryptAES(pass,encoded) text
`;

/** Forms that no signature tells: roundtrips through random bytes, methods, what must be sorted to be the same in Go. */
export const FORMS: readonly (readonly [Kind, string])[] = [
  ['texts', 'keys {dict} | sortAlpha'],
  ['texts', 'keys {dict} {dict} | uniq | sortAlpha'],
  ['int', 'values {dict} | len'],
  ['list', 'values (dict {key} {any})'],
  ['text', 'printf {format}'],
  ['text', 'printf {format}'],
  ['text', 'printf {format}'],
  ['text', 'encryptAES .s {text} | decryptAES .s'],
  ['text', 'htpasswd {text} {text} "sha"'],
  ['text', 'rsaDecrypt "RSA-OAEP" "SHA1" .ct1 .caKey'],
  ['text', 'rsaDecrypt "None" "" {text} {pem}'],
  ['text', 'rsaDecrypt {text} {text} {text} {pem}'],
  ['text', 'pemToPkcs12 {pem} {pem} | b64dec | pkcs12cert'],
  ['text', 'pemToPkcs12Pass {pem} {pem} .s | b64dec | pkcs12keyPass .s'],
  ['text', 'fullPemToPkcs12 {pem} {pem} | b64dec | pkcs12cert'],
  ['text', 'fullPemToPkcs12Pass {pem} {pem} .s | b64dec | pkcs12certPass .s'],
  ['bool', 'pemTruststoreToPKCS12 {pem} | empty'],
  ['bool', 'pemTruststoreToPKCS12Pass {pem} {pass} | empty'],
  ['text', '(buildCustomCert (b64enc {pem}) (b64enc {pem})).Cert'],
  ['bool', 'call {any}'],
  ['text', 'print {time}'],
  ['text', 'printf "%s|%v|%q" {time} {version} {time}'],
  ['text', 'list {time} {version} | toString'],
  ['text', 'dict "t" {time} "v" {version} | toJson'],
  ['text', 'dict "t" {time} "v" {version} | toYaml'],
  ['text', 'quote {version} {time}'],
  ['text', 'cat {version} {time}'],
  ['text', 'typeOf {time}'],
  ['text', 'kindOf {version}'],
  ['text', 'upper {time}'],
  ['bool', 'eq {time} {time}'],
  ['bool', 'eq {version} {version}'],
  ['bool', 'lt {time} {time}'],
  ['bool', 'deepEqual {time} {time}'],
  ['bool', 'deepEqual {version} {version}'],
  ['bool', 'empty {time}'],
  ['bool', 'empty {version}'],
  ['time', 'default {any} {time}'],
  ['time', 'ternary {time} {time} {bool}'],
  ['int', '({time}).Year'],
  ['int', '({time}).YearDay'],
  ['int', '({time}).Nanosecond'],
  ['int64', '({time}).Unix'],
  ['int64', '({time}).UnixMilli'],
  ['int64', '({time}).UnixNano'],
  ['text', '({time}).Month | toString'],
  ['text', 'printf "%d %v %s" ({time}).Month ({time}).Weekday ({time}).Month'],
  ['text', '({time}).Format {layout}'],
  ['text', '({time}).String'],
  ['time', '({time}).AddDate {small} {small} {small}'],
  ['time', '({time}).UTC'],
  ['bool', '({time}).Before {time}'],
  ['bool', '({time}).After {time}'],
  ['bool', '({time}).Equal {time}'],
  ['bool', '({time}).IsZero'],
  ['text', '(({time}).Sub {time}).String'],
  ['float', '(({time}).Sub {time}).Hours'],
  ['float', '(({time}).Sub {time}).Seconds'],
  ['text', '({time}).Nope'],
  ['text', '({version}).Original'],
  ['text', '({version}).Prerelease'],
  ['text', '({version}).Metadata'],
  ['text', '({version}).String'],
  ['text', 'print ({version}).Major ({version}).Minor ({version}).Patch'],
  ['text', 'printf "%d %T" ({version}).Major ({version}).Minor'],
  ['text', '({version}).IncMajor | print'],
  ['text', '({version}).IncMinor | print'],
  ['text', '({version}).IncPatch | print'],
  ['int', '({version}).Compare {version}'],
  ['bool', '({version}).LessThan {version}'],
  ['bool', '({version}).GreaterThan {version}'],
  ['bool', '({version}).Equal {version}'],
  ['dict', 'fromYaml (toYaml {dict})'],
  ['dict', 'omit (fromYaml {yaml}) "Error"'],
  ['dict', 'omit (fromYaml {yaml}) "Error"'],
  ['bool', 'hasKey (fromYaml {yaml}) "Error"'],
  ['text', 'get (fromYaml {text}) "Error" | trunc 34'],
  ['any', 'fromJson (toJson {any})'],
  ['text', 'toYaml (fromJson {json})'],
  ['text', 'omit (fromYaml {yaml}) "Error" | toJson'],
  ['text', 'b64enc {text} | b64dec'],
  ['text', 'b32enc {text} | b32dec'],
  ['text', 'printf "%x" {text} | hexdec'],
  ['text', 'urlParse {url} | urlJoin'],
  ['any', '({dict}).a'],
  ['any', '({any}).b'],
  ['any', 'index {dict} {key}'],
  ['any', 'index {sequence} {small}'],
  ['any', 'index {text} {small}'],
  ['dict', 'dict {any} {any} {any}'],
];

/** Functions the fuzzer leaves out, and why: their results differ from run to run, or the case costs too much. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  now: 'the time of day',
  ago: 'the time of day',
  randInt: 'random',
  randAlpha: 'random',
  randAlphaNum: 'random',
  randAscii: 'random',
  randBytes: 'random',
  randNumeric: 'random',
  shuffle: 'random',
  uuidv4: 'random',
  bcrypt: 'a random salt, and a tenth of a second each',
  genCA: 'random',
  genCAWithKey: 'random serial number',
  genPrivateKey: 'random',
  genSelfSignedCert: 'random',
  genSelfSignedCertWithKey: 'random serial number',
  genSignedCert: 'random',
  genSignedCertWithKey: 'random serial number',
  derivePassword: 'a third of a second each; vectors hold it',
};

export const CATALOGUE: readonly CatalogueEntry[] = FUNCTIONS_BY_KIND.trim().split('\n').flatMap(parseLine);

function parseLine(line: string): CatalogueEntry[] {
  const [, names = '', list = '', result = ''] = /^(.+)\((.*)\) (\w+)$/.exec(line) ?? [];
  const kinds = list === '' ? [] : list.split(',');
  const variadic = kinds.at(-1)?.startsWith('...') === true ? kinds.pop()?.slice(3) : undefined;
  return names.split('=').map((name) => ({
    name,
    params: kinds as Kind[],
    variadic: variadic as Kind | undefined,
    result: result as Kind,
  }));
}
