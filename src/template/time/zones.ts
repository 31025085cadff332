/** Time zones by name: from the machine's zone files, or where there are none from the offsets that ICU knows. */
import { readFileSync } from 'node:fs';
import { parseZoneFile, zoneTimeAt, type ZoneTime } from './tzif.ts';

export interface Zone {
  readonly name: string;
  /** What clocks show at a moment (seconds since the epoch). */
  at(seconds: number): Pick<ZoneTime, 'offset' | 'abbreviation'>;
}

export const UTC: Zone = { name: 'UTC', at: () => ({ offset: 0, abbreviation: 'UTC' }) };

/** A zone of one offset; without a name it prints its offset. */
export function fixedZone(abbreviation: string, offset: number): Zone {
  return { name: abbreviation, at: () => ({ offset, abbreviation }) };
}

const FOLDERS = ['/usr/share/zoneinfo', '/usr/lib/zoneinfo', '/usr/share/lib/zoneinfo'];
const zones = new Map<string, Zone | undefined>();

/** The zone of an IANA name; undefined = there is none. Empty is UTC. */
export function zoneNamed(name: string): Zone | undefined {
  if (name === '' || name === 'UTC') return UTC;
  if (name.includes('..') || !/^[A-Za-z0-9][A-Za-z0-9_+\-/]*$/.test(name)) return undefined;
  if (!zones.has(name)) zones.set(name, load(name));
  return zones.get(name);
}

function load(name: string): Zone | undefined {
  for (const folder of FOLDERS) {
    const file = readOrNothing(`${folder}/${name}`);
    const table = file === undefined ? undefined : parseZoneFile(file);
    if (table !== undefined) return { name, at: (seconds) => zoneTimeAt(table, seconds) };
  }
  return fromIcu(name);
}

function readOrNothing(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** ICU knows offsets but not the abbreviations, which then print as offsets. */
function fromIcu(name: string): Zone | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    return { name, at: (seconds) => ({ offset: icuOffset(format, seconds), abbreviation: '' }) };
  } catch {
    return undefined;
  }
}

function icuOffset(format: Intl.DateTimeFormat, seconds: number): number {
  const text = format.formatToParts(seconds * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = 0, minutes = 0] = /GMT([+-])(\d+):(\d+)/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}
