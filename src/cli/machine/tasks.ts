/** `tinsmith machine tasks` and `profile`: lists that a machine has, and changes to them. */
import type { Data, Life, TaskStep } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { rowFlags, write } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { tell } from './life.ts';
import { fetchLife, NAME, pathOf } from './named.ts';

export const tasks = command({
  usage: 'tasks <name> [action] [items..]',
  summary: 'Show the Tasks of a machine’s stage, change those still to come, or preview one',
  examples: [
    ['machine tasks node1', 'In the order in which they are run, with how far they are'],
    ['machine tasks node1 add burn-in wipe-disks --at 3', 'Two more, from position 3 on; else at the end'],
    ['machine tasks node1 delete 3 4', 'By their positions'],
    ['machine tasks node1 preview burn-in', 'What its templates become for this machine'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('name', NAME)
      .positional('action', {
        type: 'string',
        choices: ['list', 'add', 'delete', 'set', 'preview'] as const,
        default: 'list' as const,
        describe: 'What to do',
      })
      .positional('items', { type: 'string', array: true, describe: 'Names of Tasks; positions from 0 to delete' })
      .option('at', { type: 'number', describe: 'With add: position of the first of them [at the end]' }),
  async run(args, terminal) {
    const { name, action, items = [], at } = args;
    if (at !== undefined && action !== 'add') throw usage('--at belongs to add.', 'Leave it out.');
    if (action === 'list' && items.length > 0) throw usage('list takes no names.', 'Say add, delete, set or preview.');
    const client = new Client(args, terminal);
    if (action === 'preview') {
      const [task, ...more] = items;
      if (task === undefined || more.length > 0) throw usage('preview takes the name of one Task.');
      const json = await client.post<Data<TaskStep[]>>(pathOf(name, 'tasks/preview'), { task });
      if (args.output === 'table') return writeSteps(terminal, json.data);
      const rows = json.data.map(({ name: step, path, content, container }) => [
        step,
        path,
        content ?? container?.image,
      ]);
      return write(terminal, args, { headers: ['Template', 'Path', 'Content'], rows, json });
    }
    const changed = action === 'list' ? undefined : changeOf(action, items, at);
    const data = changed ? (await tell(client, name, 'tasks', changed)).data : await fetchLife(client, name);
    const { tasks: all, currentTask } = data;
    const rows = all.map((task, i) => [i, task, standing(i, currentTask)]);
    write(terminal, args, {
      headers: ['Position', 'Task', 'State'],
      rows,
      json: { data: { tasks: all, currentTask } },
    });
  },
});

export const profile = command({
  usage: 'profile <name> [action] [profiles..]',
  summary: 'Show the profiles of a machine, add some, or remove them',
  examples: [
    ['machine profile node1', 'Of two that set the same param, the first counts'],
    ['machine profile node1 add rack-7', 'After those that it has'],
    ['machine profile node1 remove rack-7', 'Its params no longer count'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('name', NAME)
      .positional('action', {
        type: 'string',
        choices: ['list', 'add', 'remove'] as const,
        default: 'list' as const,
        describe: 'What to do',
      })
      .positional('profiles', { type: 'string', array: true, describe: 'Names of profiles' }),
  async run(args, terminal) {
    const { name, action, profiles = [] } = args;
    if ((action === 'list') !== (profiles.length === 0))
      throw usage(action === 'list' ? 'list takes no names.' : `Which profiles should it ${action}?`);
    const client = new Client(args, terminal);
    let data: Life = await fetchLife(client, name);
    if (action !== 'list') {
      const others = data.profiles.filter((each) => !profiles.includes(each));
      const lacking = profiles.filter((each) => !data.profiles.includes(each));
      if (action === 'remove' && lacking.length > 0)
        throw usage(
          `Machine ${name} has no profile ${lacking.join(', ')}.`,
          'See which it has: tinsmith machine profile',
        );
      const wanted = action === 'add' ? [...data.profiles, ...new Set(lacking)] : others;
      data = (await tell(client, name, 'profiles', { profiles: wanted })).data;
    }
    const rows = data.profiles.map((each) => [each]);
    write(terminal, args, { headers: ['Profile'], rows, json: { data: data.profiles } });
  },
});

function changeOf(action: 'add' | 'delete' | 'set', items: string[], at: number | undefined): object {
  switch (action) {
    case 'add':
      if (items.length === 0) throw usage('Which Tasks should be added?');
      return { add: items, at };
    case 'set':
      return { set: items };
    case 'delete': {
      if (items.length === 0) throw usage('Which Tasks should be deleted?', 'Give their positions, from 0.');
      const wrong = items.find((item) => !/^\d{1,4}$/.test(item));
      if (wrong !== undefined)
        throw usage(`${wrong} is no position of a Task.`, 'See them with: tinsmith machine tasks NAME');
      return { remove: items.map(Number) };
    }
  }
}

/** Scripts and files as they would be, one after the other. */
function writeSteps(terminal: Terminal, steps: readonly TaskStep[]): void {
  for (const { name, path, content = '', container } of steps) {
    terminal.stdout.write(`==> ${name}: ${path ?? (container ? 'a container' : 'a script')} <==\n`);
    if (container) writeContainer(terminal, container);
    else terminal.stdout.write(content === '' || content.endsWith('\n') ? content : `${content}\n`);
  }
}

/** By the keys that the step has. */
function writeContainer(terminal: Terminal, container: NonNullable<TaskStep['container']>): void {
  for (const [key, value] of Object.entries(container)) {
    if (typeof value === 'object' && Object.keys(value).length === 0) continue;
    terminal.stdout.write(`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
  }
}

function standing(position: number, current: number): string {
  if (position === current) return 'current';
  return position < current ? 'done' : 'to come';
}
