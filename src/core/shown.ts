/**
 * A value from outside as it may stand in a message: in double quotes, with control, bidi and other invisible characters
 * written as escapes, and cut to `maxLength` characters. What it gives is one line and cannot steer a terminal.
 */
export function shown(value: string, maxLength = 200): string {
  const cut = value.length > maxLength ? `${value.slice(0, maxLength)}...` : value;
  return JSON.stringify(cut).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (found) =>
    found.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
