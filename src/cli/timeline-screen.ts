/** Draws a timeline: bars below the lines on a terminal, plain lines elsewhere. */
import { MultiBar, type SingleBar } from 'cli-progress';
import type { StreamEvent } from '../api/types.ts';
import { type Screen, type Terminal, wantsColours } from './terminal.ts';
import { advance, emptyTimeline, formatLine, type TimelineBar, type TimelineLine } from './timeline.ts';
import { describeBar } from './timeline-output.ts';

export interface TimelineScreen {
  /** Shows what an event adds. */
  take(event: StreamEvent): void;
  /** Shows a line of one's own. */
  say(line: TimelineLine): void;
  /** Takes the bars away. Nothing may be shown afterwards. */
  end(): void;
}

/**
 * @param options.machines names of machines by id and by MAC address; with more than one name, each line has its machine.
 * @param options.origin ms since 1970 that the times shown count from.
 */
export function openTimelineScreen(
  terminal: Pick<Terminal, 'stdout' | 'environment'>,
  options: { machines: Iterable<readonly [string, string]>; origin: number },
): TimelineScreen {
  const { stdout } = terminal;
  const bars = stdout.isTTY ? new Bars(stdout) : undefined;
  let timeline = emptyTimeline(options.machines);
  const names = new Set(timeline.machines.values());
  const machineWidth = names.size > 1 ? Math.max(...[...names].map((name) => name.length)) : 0;
  const format = { origin: options.origin, colours: wantsColours(terminal, stdout), machineWidth };
  const say = (line: TimelineLine): void => {
    const text = `${formatLine(line, format)}\n`;
    if (!bars) stdout.write(text);
    else if (!line.progress) bars.print(text);
  };
  return {
    take(event) {
      const next = advance(timeline, event);
      timeline = next.timeline;
      for (const line of next.lines) say(line);
      bars?.show(timeline.bars);
    },
    say,
    end: () => bars?.show([]),
  };
}

/** From the cursor to the end of the screen. */
const CLEAR_DOWN = '\x1b[J';

/** Bars at the bottom of a terminal, there only while something moves. */
class Bars {
  readonly #screen: Screen;
  readonly #shown = new Map<string, SingleBar>();
  #multi: MultiBar | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  print(text: string): void {
    if (this.#multi) this.#multi.log(text);
    else this.#screen.write(text);
  }

  show(bars: readonly TimelineBar[]): void {
    // cli-progress leaves an empty line for each bar that it removes: those that stay are drawn anew.
    if ([...this.#shown.keys()].some((key) => bars.every((wanted) => wanted.key !== key))) this.#close();
    for (const bar of bars) this.#showOne(bar);
    this.#multi?.update();
  }

  #close(): void {
    this.#multi?.update();
    this.#multi?.stop();
    this.#multi = undefined;
    this.#shown.clear();
  }

  #showOne(bar: TimelineBar): void {
    this.#multi ??= this.#open();
    const words = { label: bar.label.padEnd(30), words: describeBar(bar) };
    const total = bar.total ?? 0;
    const shown = this.#shown.get(bar.key);
    if (shown) {
      shown.setTotal(total);
      shown.update(bar.done, words);
    } else this.#shown.set(bar.key, this.#multi.create(total, bar.done, words));
  }

  #open(): MultiBar {
    const multi = new MultiBar({
      format: '  {label} {bar} {words}',
      stream: this.#screen,
      fps: 5,
      barsize: 24,
      clearOnComplete: true,
      stopOnComplete: false,
      forceRedraw: true,
      // Ctrl-C is the command's own business, and a hidden cursor would stay hidden after a crash.
      gracefulExit: false,
      hideCursor: false,
      barCompleteChar: '#',
      barIncompleteChar: '.',
    });
    // A line put above the bars would otherwise keep the end of the bar that it is written over.
    multi.on('redraw-pre', () => this.#screen.write(CLEAR_DOWN));
    return multi;
  }
}
