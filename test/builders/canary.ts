/**
 * Values that can be found again: a canary is put where a secret belongs, and afterwards everything that people can read is
 * searched for it, also in the disguises that a program gives a value without thinking.
 */

/** A value that nothing else contains. It has characters that must be escaped in JSON, URLs and templates. */
export function canary(name: string): string {
  return `cnry~${name}~"<&\\>%${Buffer.from(name).toString('hex')}~end`;
}

/** How the canary could show in a text, by the name of the disguise; empty when it is not there. */
export function tracesOf(value: string, text: string): readonly string[] {
  return Object.entries(disguises(value))
    .filter(([, looks]) => looks.some((look) => text.includes(look)))
    .map(([name]) => name);
}

/** Longest part that every disguise leaves whole: a value cut short by a message counts as shown too. */
function disguises(value: string): Record<string, readonly string[]> {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  return {
    plain: [value, value.slice(0, value.indexOf('~') + 8)],
    json: [json, JSON.stringify(json).slice(1, -1)],
    base64: [...aligned(bytes, 'base64'), ...aligned(bytes, 'base64url')],
    hex: [bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
    url: [encodeURIComponent(value)],
    decimals: [[...bytes].join(' '), [...bytes].join(',')],
  };
}

/** Base64 of the value wherever it begins within other bytes, without the characters at the ends that others share. */
function aligned(bytes: Buffer, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map((skip) => {
    const whole = bytes.subarray(skip);
    return whole.subarray(0, whole.length - (whole.length % 3)).toString(encoding);
  });
}
