import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { keep, standing, want } from './keeper.ts';

const HOME = process.env['HOME'] ?? homedir();

interface Container {
  readonly name: string;
  readonly policy: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly network: string;
  /** As `-v` has them: where it is on the machine, and where in the container. */
  readonly mounts: readonly string[];
}

/** One engine: `docker` or `podman`. What it is told is taken apart word by word, and what it would not know is refused. */
class Engine {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  async run([verb = '', ...words]: readonly string[]): Promise<number> {
    if (verb === 'create') return this.#create(words);
    if (verb === 'inspect') return this.#inspect(words);
    if (verb === 'ps') return this.#ps(words);
    if (verb === 'update') return this.#update(words);
    if (verb === 'start' && words.length === 1) return this.#to(words[0] ?? '', 'up');
    if (verb === 'stop' && words.length === 3 && words[0] === '-t' && /^\d+$/.test(words[1] ?? ''))
      return this.#to(words[2] ?? '', 'down');
    return this.#refuse(`unknown command or flag: ${[verb, ...words].join(' ')}`);
  }

  #refuse(line: string): number {
    process.stderr.write(`Error: ${line}\n`);
    return 125;
  }

  #folder(name: string): string {
    return join(HOME, `.stand-in-${this.#name}`, name);
  }

  #read(name: string): Container | null {
    const path = join(this.#folder(name), 'container.json');
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Container) : null;
  }

  async #put(container: Container): Promise<void> {
    const folder = this.#folder(container.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'container.json'), JSON.stringify(container));
    const { argv, env, policy } = container;
    const restartMs = policy === 'no' ? null : 500;
    await keep(folder, { argv, env, cwd: HOME, restartMs, title: `stand-in-${this.#name}` });
  }

  async #create(words: readonly string[]): Promise<number> {
    const found = {
      ...{ name: '', policy: 'no', network: 'bridge' },
      env: {} as Record<string, string>,
      mounts: [] as string[],
    };
    const rest = [...words];
    while (rest[0]?.startsWith('-')) {
      const [flag = '', value = ''] = rest.splice(0, 2);
      if (flag === '--name') found.name = value;
      else if (flag === '--restart') found.policy = value;
      else if (flag === '-e') found.env[value.slice(0, value.indexOf('='))] = value.slice(value.indexOf('=') + 1);
      else if (flag === '--network') found.network = value;
      else if (flag === '-v') found.mounts.push(value);
      else return this.#refuse(`unknown flag: ${flag}`);
    }
    await this.#put({ ...found, argv: rest.slice(1) });
    return 0;
  }

  #inspect(words: readonly string[]): number {
    const [type, kind, format, template = '', ...names] = words;
    if (type !== '--type' || kind !== 'container' || format !== '--format' || names.length === 0)
      return this.#refuse(`unknown flags: ${words.join(' ')}`);
    return Math.max(
      ...names.map((name) => {
        const container = this.#read(name) ?? this.#read(name.replace(/0+$/, ''));
        return container ? this.#fill(template, container) : this.#refuse(`no such container ${name}`);
      }),
    );
  }

  #ps(words: readonly string[]): number {
    const [all, whole, format, template = '', ...more] = words;
    if (all !== '-a' || whole !== '--no-trunc' || format !== '--format' || more.length > 0)
      return this.#refuse(`unknown flags: ${words.join(' ')}`);
    const home = join(HOME, `.stand-in-${this.#name}`);
    const names = existsSync(home) ? readdirSync(home) : [];
    return Math.max(
      0,
      ...names.flatMap((name) => {
        const container = this.#read(name);
        return container ? [this.#fill(template, container)] : [];
      }),
    );
  }

  #fill(template: string, { name, policy, network, argv, mounts }: Container): number {
    const { status, pid } = standing(this.#folder(name));
    const [word = '', retries = '0'] = policy.split(':');
    const known: Record<string, string> = {
      '.State.Status': status === 'stopped' ? 'exited' : status,
      '.State.Pid': String(pid),
      '.HostConfig.RestartPolicy.Name': word,
      '.HostConfig.RestartPolicy.MaximumRetryCount': retries,
      '.HostConfig.NetworkMode': network,
      '.Id': name.padEnd(64, '0'),
      'json .Mounts': JSON.stringify(
        mounts.map((mount) => {
          const [Source = '', Destination = ''] = mount.split(':');
          return { Type: 'bind', Source, Destination };
        }),
      ),
      '.ID': name.padEnd(64, '0'),
      '.Names': name,
      '.Command': `"${argv.join(' ')}"`,
      '.Mounts': mounts.map((mount) => mount.split(':')[0]).join(','),
      '.State': status === 'running' ? 'running' : 'exited',
    };
    let wrong = '';
    const text = template.replace(/\{\{([^}]*)\}\}/g, (_, key: string) => {
      if (!(key in known)) wrong = key;
      return known[key] ?? '';
    });
    if (wrong !== '') return this.#refuse(`template: can't evaluate field ${wrong}`);
    process.stdout.write(`${text.replaceAll('\\t', '\t')}\n`);
    return 0;
  }

  async #update([flag = '', name = '', ...more]: readonly string[]): Promise<number> {
    const policy = /^--restart=(no|always|unless-stopped|on-failure(?::\d+)?)$/.exec(flag)?.[1];
    if (policy === undefined || more.length > 0) return this.#refuse(`unknown flag: ${flag}`);
    const container = this.#read(name);
    if (!container) return this.#refuse(`no such container ${name}`);
    await this.#put({ ...container, policy });
    return 0;
  }

  async #to(name: string, wanted: 'up' | 'down'): Promise<number> {
    const container = this.#read(name);
    if (!container) return this.#refuse(`no such container ${name}`);
    await this.#put(container);
    await want(this.#folder(name), wanted);
    return 0;
  }
}

export function engine(name: string, argv: readonly string[]): Promise<number> {
  return new Engine(name).run(argv);
}
