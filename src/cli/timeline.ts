/**
 * The timeline of machines being provisioned, pure: events go in, lines and bars come out. Where they are drawn is
 * `timeline-screen.ts`; the lab and `workflow watch` show the same.
 */
import type { StreamEvent, StreamFacts } from '../api/types.ts';
import { printable } from './terminal.ts';
import { attemptKey, formatBytes, isShown, logLine, takeLog, takeProgress } from './timeline-output.ts';

export type Tone = 'plain' | 'good' | 'bad' | 'warning' | 'faint';

/** One line. `at` is ms since 1970. */
export interface TimelineLine {
  at: number;
  tone: Tone;
  /** Name of the machine it is about. */
  machine?: string;
  text: string;
  /** Says what a bar shows too: for output that has no bars. */
  progress?: true;
}

/** How far something is, in bytes. */
export interface TimelineBar {
  key: string;
  label: string;
  done: number;
  total?: number;
}

export interface Timeline {
  /** Names of machines by id and by MAC address. */
  readonly machines: ReadonlyMap<string, string>;
  /** What is moving now, oldest first. */
  readonly bars: readonly TimelineBar[];
  /** Names of a workflow's actions, by workflow id. */
  readonly actions: ReadonlyMap<string, readonly string[]>;
  /** Output that has no end of line yet, by attempt and stream. */
  readonly unfinished: ReadonlyMap<string, string>;
}

/** A timeline on which nothing has happened. @param machines names by id and by MAC address. */
export function emptyTimeline(machines: Iterable<readonly [string, string]> = []): Timeline {
  return { machines: new Map(machines), bars: [], actions: new Map(), unfinished: new Map() };
}

/** What an event adds: the timeline after it, and the lines to show. */
export function advance(timeline: Timeline, event: StreamEvent): { timeline: Timeline; lines: TimelineLine[] } {
  const at = Date.parse(event.time);
  const machine = event.machine === undefined ? undefined : (timeline.machines.get(event.machine) ?? event.machine);
  const line = (tone: Tone, text: string, when = at): TimelineLine => ({ at: when, tone, machine, text });
  switch (event.kind) {
    case 'boot.trace': {
      const { role, what, sentence, outcome, mac, time } = event.data;
      const name = machine ?? timeline.machines.get(mac) ?? mac;
      return {
        timeline,
        lines: [
          {
            ...line(toneOf(outcome), `${role.padEnd(6)} ${printable(what)}: ${printable(sentence)}`, Date.parse(time)),
            machine: name,
          },
        ],
      };
    }
    case 'boot.stuck':
      return { timeline, lines: [line('bad', `does not boot: ${printable(event.data.sentence)}`)] };
    case 'workflow.created': {
      const actions = new Map(timeline.actions).set(
        event.workflow ?? '',
        event.data.actions.map(({ name }) => name),
      );
      return {
        timeline: { ...timeline, actions },
        lines: [
          line(
            'plain',
            `workflow ${printable(event.data.name)} created: ${event.data.actions.map(({ name }) => printable(name)).join(', ')}`,
          ),
        ],
      };
    }
    case 'service.changed': {
      const { name, state, starts, endpoints = {}, message } = event.data;
      const again = state === 'STARTING' && starts > 1 ? `, start ${starts}` : '';
      const where = Object.values(endpoints).map(printable).join(', ');
      const reached = where && (state === 'UP' || state === 'HEALTHY') ? ` at ${where}` : '';
      const why = message ? `: ${printable(message)}` : '';
      return {
        timeline,
        lines: [line(SERVICE_TONES[state] ?? 'plain', `service ${printable(name)} ${state}${again}${reached}${why}`)],
      };
    }
    case 'workflow.served':
    case 'workflow.begun':
      return { timeline, lines: [] };
    case 'workflow.failing': {
      const hooks = event.data.hooks.map(({ name }) => printable(name)).join(', ');
      const then = hooks ? `; first: ${hooks}` : '';
      return {
        timeline,
        lines: [line('bad', `workflow will end ${event.data.state}: ${printable(event.data.message)}${then}`)],
      };
    }
    case 'workflow.paused':
      return { timeline, lines: [line('warning', 'workflow paused')] };
    case 'workflow.resumed':
      return { timeline, lines: [line('plain', 'workflow resumed')] };
    case 'workflow.retried':
      return { timeline, lines: [line('plain', `workflow retried, from action ${event.data.from + 1}`)] };
    case 'action.retrying': {
      const wait = Math.max(0, event.data.notBefore - at) / 1000;
      return {
        timeline,
        lines: [line('warning', `${position(timeline, event)} will be tried again in ${formatSeconds(wait)}`)],
      };
    }
    case 'action.skipped': {
      const why = event.data.message ? `: ${printable(event.data.message)}` : '';
      return { timeline, lines: [line('warning', `${position(timeline, event)} SKIPPED${why}`)] };
    }
    case 'data.changed':
      return {
        timeline,
        lines: [
          line(
            'faint',
            `data version ${event.data.version}, ${formatBytes(event.data.size)}, by ${printable(event.data.by.name)}`,
          ),
        ],
      };
    case 'worker.hello':
    case 'template.created':
    case 'template.updated':
    case 'template.deleted':
      return { timeline, lines: [] };
    case 'action.started':
      return {
        timeline,
        lines: [
          line(
            'plain',
            `${position(timeline, event)} started${event.data.attempt > 1 ? `, attempt ${event.data.attempt}` : ''}`,
          ),
        ],
      };
    case 'action.lost':
      return {
        timeline: settle(timeline, event),
        lines: [
          line('warning', `${position(timeline, event)} interrupted: the machine was restarted; it will run again`),
        ],
      };
    case 'action.ended': {
      const { state, seconds, message } = event.data;
      const why = state === 'SUCCESS' || !message ? '' : `: ${printable(message)}`;
      const ended = line(
        state === 'SUCCESS' ? 'good' : 'bad',
        `${position(timeline, event)} ${state} after ${formatSeconds(seconds)}${why}`,
      );
      return {
        timeline: settle(timeline, event),
        lines: [...remains(timeline, event).map((text) => line('faint', text)), ended],
      };
    }
    case 'workflow.ended': {
      const { state, message, installed } = event.data;
      const disks = installed.length > 0 ? `, system installed on ${installed.map(printable).join(', ')}` : '';
      return {
        timeline,
        lines: [
          line(
            state === 'SUCCESS' ? 'good' : state === 'CANCELLED' ? 'warning' : 'bad',
            `workflow ${state}${disks}${state === 'SUCCESS' || !message ? '' : `: ${printable(message)}`}`,
          ),
        ],
      };
    }
    case 'workflow.deleted':
      return {
        timeline: { ...timeline, bars: [], unfinished: new Map() },
        lines: [line('warning', 'workflow deleted')],
      };
    case 'log':
      return takeLog(timeline, event.data, event.workflow ?? '', (text, when) => line('faint', text, when));
    case 'progress':
      return takeProgress(timeline, event.data, event.workflow ?? '', (text) => ({
        ...line('plain', text),
        progress: true,
      }));
    case 'machine.added':
    case 'machine.updated':
      return {
        timeline: {
          ...timeline,
          machines: new Map(timeline.machines).set(event.machine ?? '', printable(event.data.name)),
        },
        lines: [],
      };
    case 'machine.deleted':
      return { timeline, lines: [line('warning', 'machine deleted')] };
    case 'machine.called-home':
      return { timeline, lines: [line('good', 'the installed system has called home')] };
    case 'stream.gap':
      return { timeline, lines: [line('warning', 'what came before is kept no more')] };
    case 'webhook.test':
    case 'stream.live':
      return { timeline, lines: [] };
    default:
      // A newer server may tell of more than this version knows how to show.
      return { timeline, lines: [] };
  }
}

/** How good a state of a service is, where it is either. */
const SERVICE_TONES: Partial<Record<StreamFacts['service.changed']['state'], Tone>> = {
  UP: 'good',
  HEALTHY: 'good',
  UNHEALTHY: 'warning',
  RESTARTING: 'warning',
  FAILED: 'bad',
};

/** A line as text: seconds since `origin` (ms since 1970), the machine where there are several, what happened. */
export function formatLine(
  line: TimelineLine,
  options: { origin: number; colours: boolean; machineWidth: number },
): string {
  const seconds = `${((line.at - options.origin) / 1000).toFixed(1).padStart(7)} s`;
  const machine = options.machineWidth > 0 ? `  ${(line.machine ?? '').padEnd(options.machineWidth)}` : '';
  const text = options.colours && line.tone !== 'plain' ? `\x1b[${COLOURS[line.tone]}m${line.text}\x1b[0m` : line.text;
  return `${seconds}${machine}  ${text}`;
}
const COLOURS = { good: '32', bad: '31', warning: '33', faint: '2' } as const;

/** Seconds for people: `12.3 s`, `4 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

type AttemptEvent = Extract<StreamEvent, { kind: 'action.started' | 'action.ended' | 'action.lost' }>;

function toneOf(outcome: StreamFacts['boot.trace']['outcome']): Tone {
  switch (outcome) {
    case 'answered':
    case 'completed':
      return 'plain';
    case 'ignored':
      return 'faint';
    case 'refused':
      return 'warning';
    case 'failed':
      return 'bad';
  }
}

function position(
  timeline: Timeline,
  { workflow, data }: { workflow?: string; data: { action: number; name: string } },
): string {
  const total = timeline.actions.get(workflow ?? '')?.length;
  return `action ${data.action + 1}${total ? `/${total}` : ''} ${printable(data.name)}`;
}

/** The timeline once an attempt is over: its bars and its unfinished output are gone. */
function settle(timeline: Timeline, { workflow, data }: AttemptEvent): Timeline {
  const own = attemptKey(workflow ?? '', data);
  return {
    ...timeline,
    bars: timeline.bars.filter(({ key }) => !key.startsWith(own)),
    unfinished: new Map([...timeline.unfinished].filter(([key]) => !key.startsWith(own))),
  };
}

function remains(timeline: Timeline, { workflow, data }: AttemptEvent): string[] {
  const own = attemptKey(workflow ?? '', data);
  return [...timeline.unfinished]
    .filter(([key, text]) => key.startsWith(own) && isShown(text))
    .map(([, text]) => logLine(data.name, text));
}
