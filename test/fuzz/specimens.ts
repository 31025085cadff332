/** Texts and numbers worth trying, by what they are meant to be. Each list also holds what only looks like it. */
import type { Hint } from './catalogue.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Template constants (source text, not values) for ints, floats and small ints. */
export const INTS = words(
  '0 1 2 3 -1 -2 7 10 42 -7 100 255 256 0x1F 0o17 017 0b101 1_000 65 8364 86400 1582938123 4102444800 -5000000000 9007199254740993 9223372036854775807 -9223372036854775808 +5',
);
/** Seconds since 1970, from before Christ to far ahead; beyond some 10^15 our dates are not exact. */
export const MOMENTS = words(
  '0 1 86399 1582938123 1600000000 951782400 4102444800 -1 -5000000000 -62135596801 253402300800',
);
export const SMALL = words('0 1 2 3 4 5 6 8 11 -1 -2 -3 20 0x2 1.0 2e0');
export const FLOATS = words(
  '0.0 1.0 1.5 -1.5 2.5 0.1 0.2 3.14159 1e6 1e-5 123456.789 1000000.0 999999.5 -0.0 1e21 1e100 1e-7 0x1p-2 12345678.9 0.5 4.35 1e20 100000.5 2.675 5e-324 1.7976931348623157e308',
);
export const CHARACTERS = ["'a'", "'€'", "'\\n'", "'\\''", "'\\x41'", "'\\u00e9'"];

const TEXTS: readonly string[] = [
  '',
  'a',
  'hello',
  'Hello World',
  'foo123bar45 foo',
  'HTTPServer2Go',
  'snake_case-and kebab',
  '_camel__case_',
  "o'neil McDonald",
  ' padded\t\n',
  'a,b,,c',
  'a=1;b=2',
  'straße İ ǆ ŉ',
  'ΑΣ σς ΌΣΟΣ',
  '日本語 text',
  'é',
  'e\u0301',
  '😀x',
  '\u00a0nbsp\u0085',
  '\u2028line\ufeff',
  'tab\there',
  'a\r\nb\nc\n',
  '<b>"q" & \'s\'</b>',
  '\\back`tick`',
  '42',
  '-1.5',
  '010',
  '0x1F',
  '1e3',
  'true',
  'null',
  '{{ x }}',
  '%d%s',
  '$1${name}$$',
  'x'.repeat(85),
  'the quick brown fox jumps over the lazy dog and runs away from the very long line that follows it',
  '\0\x01\x7f',
  '- item',
  'key: value',
  '#hash',
  '~',
  '.',
  'ÀÉÎ õü',
  'ID3Tag',
  'aBcDeF 9lives',
];

export const FORMATS = words(
  '%v %s %d %q %x %X %t %f %g %e %5d %-5d| %05d %+d %08.3f %.2f %6.2f %+v %#v %T %c %U %#x %o %O %b %#o %10s %-10s| %.3s %x %+q %#q %5t %% %!d %z %*d %.*f %[1]v %[2]d %[1]*[2]d %G %E % d % x %#U %08b %.0f %5.1f %6v %-6v| %06d %+.2e %[3]v %[x]d %- %. %5 %.3x %#g %#.3g %w %F %#e %+q %#+q %010.3f %-010d| %+x %#T',
);

/** Specimens of texts with a meaning; the values, not template constants. */
export const SPECIMENS: Readonly<Partial<Record<Hint | 'text', readonly string[]>>> = {
  text: TEXTS,
  numeral: words(
    '0 1 42 -7 +3 007 010 08 0x1F 0b11 0o17 1_000 1.5 -1.5 5. .5 1e3 -1e-3 inf -Inf nan 0x1p-2 9223372036854775807 9223372036854775808 99999999999999999999 1.5abc 1__0 1,5 007.5 -0 1e400 3600 95',
  ),
  chars: ['', ',', '-', ' ', '_', 'a', 'o', 'abc', 'é', '\n', '.', 'ab', '😀', 'l', 'Hello', '\xa0', '--', 'x'],
  key: words('a b c a b s _ 1 0 x-y true é long_key'),
  regex: words(
    'a o+ [0-9]+ ^foo bar$ (a)(b)? a* x* (\\w+)\\s(\\w+) (?P<name>[a-z]+)(?P<n>\\d*) (?i)HELLO [^a-z]+ \\bfoo\\b (a|b|c)+ ^ $ \\d{2,3} .{3} (?s). [[:upper:]] \\pL+ \\p{Greek} é+ (?:ab)+? a{2} [b-a] ( ) a** (?=x) \\1 [ \\ a{1001} (?<n>o) (a*)* (a|ab)(c|bcd)(d*) [é日] \\x{1F600} \\Q.\\E (?U)a+ (?m)^. [[:word:]]+ \\S+ .*? \\z \\A. [\\d\\s]+ x|y|$ (|a)+ (a+)(b+)',
  ),
  replacement: words('$1 ${1} $2$1 ${name} $name $$ X - $0 ${0}x $1x <$1> $9 $ ${ ${1 é $é \\1 ${n}${name}'),
  layout: [
    ...words(
      '2006-01-02 15:04:05 Jan _2 January 2 3:04PM 3:04pm 02/01/06 2006-002 Z07:00 -0700 MST Monday Mon .000 1/2/06 2006',
    ),
    '2006-01-02T15:04:05Z07:00',
    '2006-01-02 15:04:05.999 -0700 MST',
    'Mon Jan _2 15:04:05 2006',
    'Monday, 02-Jan-06 15:04:05 MST',
    'Jan 2, 2006 at 3:04pm (MST)',
    '2006-01-02 15:04:05',
    '',
    'text é',
    '__2 002 _2006 05.00 05,999 Z070000',
  ],
  dated: [
    ...words(
      '2020-02-29 2021-02-29 2024-12-31 23:59:59 2020 1999-01-01T00:00:00Z 2020-02-29T01:02:03.456+02:00 12:00AM 3:04pm 29/02/20 2020-060 x Feb Monday -0330 .5',
    ),
    'Sat Feb 29 01:02:03 2020',
    'Feb 3, 2013 at 7:54pm (PST)',
    '2020-02-29 01:02:03 +0200 CEST',
    '2020-02-29 01:02:03',
    '2020-13-01 25:61:61',
    '',
    'feb  9',
  ],
  span: words(
    '1h -1.5h 36h 2h10m5s 90s 300ms 1us 1µs 0 0.5s bad 1d 1h30 -3m2s 8770h 800h 25h .5h 1.h +5m 9999999h 2562047h47m16s 1ns',
  ),
  zone: words(
    'UTC Local Europe/Berlin America/New_York Asia/Kolkata America/Sao_Paulo Australia/Sydney Nope/Nope Etc/GMT+3 Asia/Tokyo ../x Pacific/Auckland',
  ),
  release: words(
    '1.2.3 v1.2.3 1.2 1 v2 1.0.0-rc1 1.0.0-rc.1+build.5 1.0.0+meta 01.2.3 1.2.3.4 1.2.3-01 x 1.0.0-alpha.beta 0.0.3 0.2.9 1.5.0 2.0.0 1.2.9 18446744073709551616.0.0 1.0.0-0 1.2.3- V1.0 1.4.6',
  ),
  constraint: [
    ...words(
      '1.2 =1.2 >1.2 >1 <=1.2 !=1.2 ~1 ^0.2 ^0.2.3 ^0.0 ^0.0.3 * 1.x 1.2.X >=1.0.0-0 >=1.0.0-alpha ~1.2.3 => =< ~>1.2 =>1.0 x <2 1.2.3 ^1 ~0 !=1.x >=v1.0',
    ),
    '>=1.0, <2.0',
    '>=1.0 <2.0',
    '1.2 - 1.4.5',
    '1.2 - 1.4',
    '<1 || >2',
    '>1.0 || ',
    '',
    '>= 1.0',
    '~ 1.2',
    '1.0.0 - 2.0.0 || 3',
  ],
  json: [
    '{"a":{"b":[1,2,{"c":null}],"s":"text"},"t":true,"f":1.5,"z":null,"l":[],"m":{}}',
    '{"a":1,"b":"two","c":[true,false,null]}',
    '[1,"a",null,{"a":2},[3]]',
    '[]',
    '{}',
    'null',
    'true',
    '"text"',
    '12345678901',
    '1e400',
    '-0',
    '{"n":9007199254740993,"e":1e21,"s":1e-7,"i":1000000}',
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1},"constructor":2}',
    '"\\u00e9\\ud83d\\ude00\\ud800x\\n"',
    '{bad}',
    '[1,]',
    '',
    ' {"a" : 1 } x',
    '{"a":"<b>&\\u2028"}',
    '01',
    '"\t"',
    '[[[[1]]]]',
    '{"x-y":"dash","1":"one","true":"yes"}',
  ],
  url: [
    'https://user:p%40ss@example.com:8443/a%20b/c?x=1&y=%20#frag%21',
    'mailto:a@b.example',
    '//host/path',
    '/only/path?q',
    'h:80/x',
    'http://[::1]:80/',
    'http://[::1',
    'ftp://host',
    '',
    '#f',
    '?q=1',
    'http://ho st/',
    'http://a/%zz',
    'http://é.example/ü?ö#ä',
    'HTTP://User@HOST/../x/./y',
    'a b',
    ':x',
    'http://h:port/',
    'http://h/a;b,c=d:e@f+g$h!*()',
    '1http://x',
    'http://u:@h?#',
  ],
  path: words('a/b/c.txt / /a/ . .. ./a ../a a//b/../c a/b/.. .x a.tar.gz /../x a/./b //a/b a.b/c é/ü.ö'),
  encoded: words(
    'aGVsbG8= aGVsbG8 aGVs!bG8= NBSWY3DP NBSWY3DPEE====== 68656c6c6f 6 zz 6G AAEC/w== AAEC_w== aGVs\nbG8= == a=== MZXW6=== mzxw6=== YQ== YR== nbswy3dp',
  ),
  typeName: words(
    'string int int64 float64 bool map slice []interface map[string]interface invalid struct ptr []string CERTIFICATE certificate PRIVATE leaf root intermediate interface *semver.Version time.Time',
  ),
  pass: words('secret sécret x wrong 0123456789abcdef0123456789abcdefTOO'),
};
