/** `tinsmith workflow logs` */
import type { ActionLog, Data, ServiceLog } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { outputFlag, writeJson } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { EXAMPLE, ID, pathOf } from './named.ts';

export const logs = command({
  usage: 'logs <id>',
  summary: 'Show the output of the actions of a workflow, or of a service',
  examples: [
    [`workflow logs ${EXAMPLE} --action stream-image`, 'Of one action'],
    [`workflow logs ${EXAMPLE} --service web`, 'Of a service'],
    [`workflow logs -f ${EXAMPLE}`, 'And go on until the workflow ends'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', ID)
      .option('action', { alias: 'a', type: 'string', describe: 'Only this action: its name, or its position from 0' })
      .option('attempt', { type: 'number', describe: 'Only this attempt' })
      .option('service', { type: 'string', describe: 'This service instead: its name, or its position from 0' })
      .option('start', { type: 'number', describe: 'With --service: only this start of it' })
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Show what comes until the workflow ends' })
      .conflicts('follow', ['attempt', 'start'])
      .conflicts('service', ['action', 'attempt'])
      .implies('start', 'service'),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    if (args.follow) {
      const { followLogs } = await import('../follow.ts');
      return followLogs(client, args, terminal);
    }
    const { action, attempt, service, start } = args;
    const query = { action, attempt: attempt?.toString(), service, start: start?.toString() };
    const answer = await client.find<Data<(ActionLog | ServiceLog)[]>>(pathOf(args.id, 'logs'), query);
    if (args.output === 'json') return writeJson(terminal, answer);
    for (const log of answer.data) writeLog(terminal, log, answer.data.length > 1);
  },
});

function writeLog(terminal: Terminal, log: ActionLog | ServiceLog, headed: boolean): void {
  const [word, n] = 'start' in log ? ['start', log.start] : ['attempt', log.attempt];
  if (headed) terminal.stdout.write(`==> ${log.name}${n > 1 ? ` (${word} ${n})` : ''} <==\n`);
  const text = log.entries.map((entry) => entry.text).join('');
  terminal.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
}
