import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUnit, splitWords } from '../../src/checks/unit-file.ts';

const names = { unit: 'smart-agent-neo-gateway.service', home: '/home/al', user: 'al', uid: 1000 };

function parsed(...texts: string[]) {
  return parseUnit(
    texts.map((text) => `[Service]\n${text}\n`),
    names,
  );
}

/** As systemd would read it back: in double quotes, with escapes. */
function quoted(word: string): string {
  const escape = (char: string) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${word.replace(/["\\\x01-\x1f\x7f]/g, escape)}"`;
}

describe('a service definition', () => {
  test('as the product writes it gives the program and the environment, without the token', () => {
    const unit = parseUnit(
      [
        `[Unit]
Description=SmartAgentNeo Gateway (v2026.2.26)
After=network-online.target

[Service]
ExecStart=/home/al/.nvm/versions/node/v22.22.0/bin/node /home/al/lib/smart-agent-neo/dist/index.js gateway --port 28789
Restart=always
Environment=HOME=/home/al
Environment=PATH=/usr/local/bin:/usr/bin:/bin
Environment=SMART_AGENT_NEO_STATE_DIR=/home/al/.smart-agent-neo
Environment=SMART_AGENT_NEO_GATEWAY_TOKEN=canary

[Install]
WantedBy=default.target
Environment=NOT=here
`,
      ],
      names,
    );
    expect(unit.execStart).toEqual([
      '/home/al/.nvm/versions/node/v22.22.0/bin/node',
      '/home/al/lib/smart-agent-neo/dist/index.js',
      'gateway',
      '--port',
      '28789',
    ]);
    expect(unit.environment).toEqual({
      HOME: '/home/al',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      SMART_AGENT_NEO_STATE_DIR: '/home/al/.smart-agent-neo',
    });
  });

  test.each([
    ['ExecStart=/bin/a "b c" \'d "e\' f\\x20g \\u00e9', ['/bin/a', 'b c', 'd "e', 'f g', 'é']],
    ['ExecStart=-@/bin/a name b', ['/bin/a', 'b']],
    ['ExecStart=/bin/a \\\n  b \\\n# a comment between\n  c', ['/bin/a', 'b', 'c']],
    ['ExecStart=%h/bin/%u --id=%U %% %q', ['/home/al/bin/al', '--id=1000', '%', '%q']],
    ['ExecStart=/bin/a\nExecStart=\nExecStart=/bin/b', ['/bin/b']],
    ['Environment="A=x y" B=z\nExecStart=/bin/a $A ${A}! $$HOME $NONE', ['/bin/a', 'x', 'y', 'x y!', '$HOME']],
    [';ExecStart=/bin/commented\n#ExecStart=/bin/too', []],
    ['ExecStart=/bin/a "never closed', ['/bin/a', 'never closed']],
  ])('%j starts %j', (text, argv) => {
    expect(parsed(text).execStart).toEqual(argv);
  });

  test('is overruled by its drop-ins, and an empty assignment forgets what was said before', () => {
    const unit = parsed(
      'Environment=A=1 B=2\nExecStart=/bin/a',
      'Environment=\nEnvironment="C=3 4"\nExecStart=\nExecStart=/bin/b',
    );
    expect(unit).toEqual({ execStart: ['/bin/b'], environment: { C: '3 4' }, setIn: { C: 1 } });
  });

  test('gives back every word that was quoted into it', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        expect(splitWords(words.map(quoted).join(' \t '))).toEqual(words);
      }),
    );
  });

  test('of any text is read without throwing, and never gives a prototype away (F124)', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const unit = parsed(...texts, 'Environment=__proto__=x');
        expect(({} as Record<string, unknown>)['x']).toBeUndefined();
        expect(Array.isArray(unit.execStart)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
