/** RC2 in CBC mode (RFC 2268), decryption only: old PKCS#12 archives use it and OpenSSL 3 no longer has it. */

/** The substitution table of RFC 2268: the digits of pi. */
const PI = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);

/** The 64 words of the expanded key. */
function expandKey(key: Buffer, effectiveBits: number): Uint16Array {
  const bytes = Buffer.alloc(128);
  key.copy(bytes);
  const pi = (i: number): number => PI[i & 255] ?? 0;
  const at = (i: number): number => bytes[i] ?? 0;
  for (let i = key.length; i < 128; i++) bytes[i] = pi(at(i - 1) + at(i - key.length));
  const effective = Math.ceil(effectiveBits / 8);
  const mask = 255 >> (8 * effective - effectiveBits);
  bytes[128 - effective] = pi(at(128 - effective) & mask);
  for (let i = 127 - effective; i >= 0; i--) bytes[i] = pi(at(i + 1) ^ at(i + effective));
  return Uint16Array.from({ length: 64 }, (_, i) => bytes.readUInt16LE(i * 2));
}

const ROTATIONS = [1, 2, 3, 5] as const;

/** Undoes one block of eight bytes. */
function decryptBlock(block: Buffer, key: Uint16Array): Buffer {
  const r = [0, 2, 4, 6].map((offset) => block.readUInt16LE(offset));
  let j = 63;
  const word = (i: number): number => r[(i + 4) % 4] ?? 0;
  const unmix = (): void => {
    for (let i = 3; i >= 0; i--) {
      const turn = ROTATIONS[i] ?? 0;
      const rotated = ((word(i) >> turn) | (word(i) << (16 - turn))) & 0xffff;
      const mixed = (key[j--] ?? 0) + (word(i - 1) & word(i - 2)) + (~word(i - 1) & word(i - 3));
      r[i] = (rotated - mixed) & 0xffff;
    }
  };
  const unmash = (): void => {
    for (let i = 3; i >= 0; i--) r[i] = (word(i) - (key[word(i - 1) & 63] ?? 0)) & 0xffff;
  };
  for (let round = 0; round < 16; round++) {
    unmix();
    if (round === 4 || round === 10) unmash();
  }
  const out = Buffer.alloc(8);
  r.forEach((value, i) => out.writeUInt16LE(value, i * 2));
  return out;
}

/** Decrypts CBC data without removing the padding. */
export function decryptRc2(key: Buffer, effectiveBits: number, iv: Buffer, data: Buffer): Buffer {
  const words = expandKey(key, effectiveBits);
  const blocks: Buffer[] = [];
  let previous = iv;
  for (let at = 0; at + 8 <= data.length; at += 8) {
    const block = data.subarray(at, at + 8);
    const plain = decryptBlock(block, words);
    for (let i = 0; i < 8; i++) plain[i] = (plain[i] ?? 0) ^ (previous[i] ?? 0);
    blocks.push(plain);
    previous = block;
  }
  return Buffer.concat(blocks);
}
