/** What actions and services write, on a timeline: lines of output, and bars of progress. */
import type { StreamFacts } from '../api/types.ts';
import { printable } from './terminal.ts';
import type { Timeline, TimelineBar, TimelineLine } from './timeline.ts';

/** Progress is told in lines at every so much of the total, and where there is no total at every so many bytes. */
const PROGRESS_STEP = { share: 0.25, bytes: 256e6 };

/** Bytes for people: `240 MB`. */
export function formatBytes(bytes: number): string {
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), unit.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit[power]}`;
}

type Source = { action: number; attempt: number } | { service: number; start: number };
/** Names the source of output; what is of one source begins so. */
export const attemptKey = (workflow: string, source: Source): string =>
  'service' in source
    ? `${workflow}/s${source.service}/${source.start}/`
    : `${workflow}/${source.action}/${source.attempt}/`;

/** Takes output: its whole lines are shown, and the rest is kept until it is whole. */
export function takeLog(
  timeline: Timeline,
  data: StreamFacts['log'],
  workflow: string,
  line: (text: string, at: number) => TimelineLine,
): { timeline: Timeline; lines: TimelineLine[] } {
  const unfinished = new Map(timeline.unfinished);
  const lines: TimelineLine[] = [];
  for (const { at, stream, text } of data.entries) {
    const key = `${attemptKey(workflow, data)}${stream}`;
    const parts = ((unfinished.get(key) ?? '') + text).split('\n');
    unfinished.set(key, parts.pop() ?? '');
    lines.push(...parts.filter(isShown).map((part) => line(logLine(data.name, part), at)));
  }
  return { timeline: { ...timeline, unfinished }, lines };
}

/** The built-in actions say how far they are in lines of their own, which bars show. */
export function isShown(text: string): boolean {
  return text.trim() !== '' && !/^progress \{/.test(text);
}

/** A line that was written over (carriage return) shows as it was in the end. */
export function logLine(action: string, text: string): string {
  return `${printable(action)} | ${printable(text.replace(/\r+$/, '').split('\r').at(-1) ?? '')}`;
}

/** Takes how far an action is. */
export function takeProgress(
  timeline: Timeline,
  data: StreamFacts['progress'],
  workflow: string,
  line: (text: string) => TimelineLine,
): { timeline: Timeline; lines: TimelineLine[] } {
  const { downloaded, total, written } = data.progress;
  const bars = [...timeline.bars];
  const lines: TimelineLine[] = [];
  const update = (what: string, done: number | undefined, whole: number | undefined): void => {
    if (done === undefined) return;
    const bar: TimelineBar = {
      key: `${attemptKey(workflow, data)}${what}`,
      label: `${printable(data.name)} ${what}`,
      done,
      total: whole,
    };
    const index = bars.findIndex(({ key }) => key === bar.key);
    const before = bars[index]?.done ?? 0;
    if (index === -1) bars.push(bar);
    else bars[index] = bar;
    const step = whole === undefined || whole === 0 ? PROGRESS_STEP.bytes : whole * PROGRESS_STEP.share;
    if (Math.floor(done / step) > Math.floor(before / step)) lines.push(line(`${bar.label} ${describeBar(bar)}`));
  };
  update('downloaded', downloaded, total);
  update('written', written, undefined);
  return { timeline: { ...timeline, bars }, lines };
}

/** How far a bar is, in words: `240 MB of 1.2 GB (20 %)`. */
export function describeBar({ done, total }: TimelineBar): string {
  return total
    ? `${formatBytes(done)} of ${formatBytes(total)} (${Math.floor((done / total) * 100)} %)`
    : formatBytes(done);
}
