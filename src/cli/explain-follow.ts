/** `tinsmith explain --follow`: the lines of a boot as they come, and in between what is missing once it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Explained, TraceEntry } from '../api/types.ts';
import type { Client } from './client.ts';
import { explanationOf, type Subject } from './subject.ts';
import { printable, type Terminal } from './terminal.ts';
import { comingEntries, lineOf } from './trace.ts';

/** After a line, for those that come with it, ms; and how soon it is asked again at the earliest. */
const QUIET = 300;

/** Shows it until interrupted. As JSON, each line is an entry of the trace, or `{ "explained": … }`. */
export async function followBoot(
  client: Client,
  subject: Subject,
  { json, terminal }: { json: boolean; terminal: Terminal },
): Promise<void> {
  const say = (text: string, value: unknown): void =>
    void terminal.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
  let said: string | undefined;
  const saySentence = (explained: Explained): void => {
    const { state, code, boot, sentence } = explained;
    // What is on its way is told by its lines.
    const told = state === 'under-way' ? 'under-way' : `${boot} ${code}`;
    if (told === said) return;
    said = told;
    say(`=> ${printable(sentence)}\n`, { explained });
  };

  const entries = comingEntries(client, subject);
  let coming: Promise<IteratorResult<TraceEntry>> | undefined;
  let wait = QUIET;
  for (;;) {
    coming ??= entries.next();
    const timer = new AbortController();
    const tick = sleep(wait, 'due' as const, { signal: AbortSignal.any([timer.signal, terminal.interrupted]) });
    tick.catch(() => {});
    const event = await Promise.race([coming, tick]);
    timer.abort();
    if (event !== 'due') {
      if (event.done) return;
      coming = undefined;
      say(lineOf(event.value), event.value);
      wait = QUIET;
      continue;
    }
    const { data } = await explanationOf(client, subject);
    saySentence(data);
    wait = untilDue(data);
  }
}

/** Until there may be something new to say though nothing comes, ms. */
function untilDue({ dueAt, state }: Explained): number {
  const left = dueAt === undefined ? Number.NaN : Date.parse(dueAt) - Date.now();
  // A worker falls silent without a line; clocks of two computers differ.
  const most = state === 'booted' ? 30_000 : 10_000;
  return Number.isNaN(left) ? most : Math.min(Math.max(left + QUIET, 1000), most);
}
