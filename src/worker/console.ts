/** What a person at the machine's serial console reads: one line a step. */

import { masker } from '../mask.ts';
import type { Clock } from './clock.ts';
import type { ActionAssignment } from './container-spec.ts';
import { Lines } from './output.ts';
import type { LogEntry } from './protocol.ts';

export type Say = (line: string) => void;

/** Lines of output shown in a second; a serial line carries about as many. All of them go to the server. */
const LINES_PER_SECOND = 50;
const LINE_LENGTH = 200;

/** Shows one action: its steps, its output within bounds, its end. */
export class ActionConsole {
  readonly #say: Say;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #title: string;
  readonly #begun: number;
  readonly #lines = new Lines();
  #second = 0;
  #shown = 0;
  #hidden = 0;

  constructor(say: Say, clock: Clock, machine: string, { name, action, total, attempt, run }: ActionAssignment) {
    const mask = masker(run.kind === 'verb' ? [] : run.secrets);
    this.#say = (line) => say(mask(line));
    this.#clock = clock;
    this.#name = name;
    this.#title = `${machine} ${action + 1}/${total} ${name}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
    this.#begun = clock.uptime();
  }

  say(text: string): void {
    this.#say(`${this.#title}: ${text} (${seconds((this.#clock.uptime() - this.#begun) / 1000)})`);
  }

  /** One piece of the container's output. */
  readonly echo = (entry: LogEntry): void => {
    for (const line of this.#lines.add(entry)) this.#show(line);
  };

  /** @param ran how long the container ran, seconds */
  end(state: string, message: string, ran: number): void {
    for (const line of this.#lines.rest()) this.#show(line);
    this.#tellHidden();
    this.#say(`${this.#title}: ${state}${state === 'SUCCESS' ? '' : `: ${message}`} (${seconds(ran)})`);
  }

  #show(line: string): void {
    const second = Math.floor(this.#clock.uptime() / 1000);
    if (second !== this.#second) {
      this.#tellHidden();
      this.#second = second;
      this.#shown = 0;
    }
    this.#shown += 1;
    if (this.#shown > LINES_PER_SECOND) this.#hidden += 1;
    else this.#say(`${this.#name} | ${line.slice(0, LINE_LENGTH)}`);
  }

  #tellHidden(): void {
    if (this.#hidden > 0) this.#say(`${this.#name} | (${this.#hidden} more lines are in the log)`);
    this.#hidden = 0;
  }
}

function seconds(value: number): string {
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}
