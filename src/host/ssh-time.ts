const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const LONGEST_S = 0x7fff_ffff;

/** A time as ssh_config takes it (`90`, `1m30s`, `2H`), in seconds. Null for what is none or is too long. Pure. */
export function sshTime(text: string): number | null {
  if (!/^\d+(?:[smhdw]\d+)*[smhdw]?$/i.test(text)) return null;
  let seconds = 0;
  for (const [, number, unit = ''] of text.matchAll(/(\d+)([smhdw]?)/gi))
    seconds += Number(number) * (UNITS[unit.toLowerCase()] ?? 1);
  return seconds <= LONGEST_S ? seconds : null;
}
