/** Keeps one service as it is wanted: looks at its containers, does the next step, tells the server. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { masker } from '../../mask.ts';
import type { Answer, WorkerApi } from '../client.ts';
import type { Clock } from '../clock.ts';
import type { Say } from '../console.ts';
import { EngineError } from '../container-engine.ts';
import { obtainImage } from '../images.ts';
import { GRACE } from '../left-over.ts';
import { MESSAGE_LIMIT, type ServiceReportAnswer, type WantedService } from '../protocol.ts';
import { decide, type Refusal, type Step } from './decide.ts';
import { ServiceReports } from './reports.ts';
import type { ServiceEngine, ServiceKey } from './service-engine.ts';
import { serviceSpec } from './service-spec.ts';
import { ServiceStarts } from './starts.ts';

/** Before the engine, or a step that failed, is tried again, ms. */
const TRY_AGAIN = 2_000;

/** What services are kept with. */
export interface ServiceParts {
  api: Pick<WorkerApi, 'services' | 'service' | 'serviceLog'>;
  engine: ServiceEngine;
  clock: Clock;
  boot: string;
  /** Below this each workflow has the directory that its containers share. */
  directory: string;
  say: Say;
  /** Address of this machine on which ports are published; `0.0.0.0`, all of them, by default. */
  publishOn?: string;
}

/** One service of a workflow, from when it is wanted until nothing of it is left. */
export class KeptService {
  readonly key: ServiceKey;
  readonly #parts: ServiceParts;
  readonly #signal: AbortSignal;
  readonly #reports: ServiceReports;
  readonly #starts: ServiceStarts;
  #wanted: WantedService | undefined;
  #secrets: readonly string[] | undefined;
  #mask: (text: string) => string = (text) => text;
  #refusal: (Omit<Refusal, 'ago'> & { at: number }) | undefined;
  #making = new AbortController();
  #wake = (): void => {};
  #woken = false;
  #complaint = '';
  #gone = false;

  /**
   * @param refused is called when the server will not have a report: what it wants has to be asked
   */
  constructor(key: ServiceKey, parts: ServiceParts, refused: () => void, signal: AbortSignal) {
    this.key = key;
    this.#parts = parts;
    this.#signal = signal;
    const { api, boot } = parts;
    this.#reports = new ServiceReports(
      (told) => api.service({ ...key, boot, ...told, message: told.message?.slice(0, MESSAGE_LIMIT) }, signal),
      (answer) => this.#heard(answer, refused),
    );
    this.#starts = new ServiceStarts(key, parts, {
      wanted: () => this.#wanted !== undefined,
      secrets: () => this.#secrets,
      mask: (text) => this.#mask(text),
      signal,
    });
  }

  /** Nothing of it is left, and the server knows. */
  get gone(): boolean {
    return this.#gone;
  }

  /** What the server wants: undefined, its end. */
  want(wanted: WantedService | undefined): void {
    const changed = (wanted === undefined) !== (this.#wanted === undefined);
    this.#wanted = wanted;
    // Kept beyond its end: what is still to be sent of its output holds the same secrets.
    if (wanted) {
      this.#secrets = wanted.run.secrets;
      this.#mask = masker(wanted.run.secrets);
    }
    if (!changed) return;
    if (!wanted) this.#making.abort(new Error('not wanted any more'));
    this.#refusal = undefined;
    this.wake();
  }

  /** Tells the server again how it is. */
  repeat(): void {
    this.#reports.repeat();
  }

  /** Looks at it now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /**
   * Works until nothing of it is left.
   * @throws the signal's reason; its containers are left as they are, to be adopted
   */
  async run(): Promise<void> {
    try {
      for (;;) {
        if ((await this.#turn()) === 'gone') {
          await this.#reports.sent();
          if (!this.#wanted) return;
        }
      }
    } finally {
      this.#gone = true;
      this.#starts.end();
    }
  }

  /** One look and one step. An engine that is away is waited for: what runs goes on without it. */
  async #turn(): Promise<'gone' | 'on'> {
    const { clock } = this.#parts;
    try {
      const containers = await this.#starts.look();
      this.#complain('');
      const known = Math.max(this.#wanted?.starts ?? 0, this.#starts.greatest);
      const { told, step } = decide({
        wanted: this.#wanted,
        containers,
        refusal: this.#refusal && { ...this.#refusal, ago: clock.uptime() - this.#refusal.at },
        starts: known,
        boot: this.#parts.boot,
      });
      if (told && this.#reports.tell({ ...told, message: told.message && this.#mask(told.message) }))
        this.#say(`${told.state}${this.#reports.last?.message ? `: ${this.#reports.last.message}` : ''}`);
      if (step.kind === 'gone') return 'gone';
      await this.#perform(step);
    } catch (error) {
      this.#signal.throwIfAborted();
      const away = error instanceof EngineError && error.status === undefined;
      if (away && this.#wanted && !this.#reports.last)
        this.#reports.tell({
          state: 'STARTING',
          starts: this.#wanted.starts ?? 0,
          message: 'waits for the container engine',
        });
      this.#complain(away ? `waiting for the container engine (${messageOf(error)})` : messageOf(error));
      await this.#pause(TRY_AGAIN);
    }
    return 'on';
  }

  async #perform(step: Exclude<Step, { kind: 'gone' }>): Promise<void> {
    const { engine } = this.#parts;
    switch (step.kind) {
      case 'create':
        return this.#create(step);
      case 'start':
        return this.#start(step.id);
      case 'stop':
        return engine.stop(step.id, GRACE);
      case 'remove':
        await engine.remove(step.id);
        return this.#starts.forget(step.id);
      case 'wait':
        return this.#pause(step.ms);
    }
  }

  async #create({ start, restarts, failures }: Extract<Step, { kind: 'create' }>): Promise<void> {
    const wanted = this.#wanted;
    if (!wanted) return;
    const { engine, directory, boot, publishOn = '0.0.0.0' } = this.#parts;
    this.#making = new AbortController();
    try {
      const image = await this.#image(wanted, start > 1);
      const shared = join(directory, wanted.workflow);
      await mkdir(shared, { recursive: true, mode: 0o700 });
      const spec = serviceSpec(wanted, {
        image,
        exposed: await engine.exposedPorts(image),
        hasBridge: await engine.hasBridge(),
        publishOn,
        directory: shared,
        executable: process.execPath,
        boot,
        start,
        restarts,
        failures,
      });
      if (this.#making.signal.aborted) return;
      this.#starts.made({ id: await engine.createService(spec), mark: spec.mark });
      this.#refusal = undefined;
    } catch (error) {
      // The engine may have made it before it failed to say so.
      this.#starts.lookAgain();
      this.#signal.throwIfAborted();
      if (this.#making.signal.aborted) return;
      if (error instanceof EngineError && error.status === undefined) throw error;
      this.#refusal = {
        times: (this.#refusal?.times ?? 0) + 1,
        at: this.#parts.clock.uptime(),
        reason: this.#mask(messageOf(error)),
      };
    }
  }

  /** The first start pulls it; the others take what is there, so that all are of the same image. */
  async #image(wanted: WantedService, again: boolean): Promise<string> {
    const { engine, clock } = this.#parts;
    const { pull, image } = wanted.run;
    if (again) for (const name of [pull, image]) if (await engine.hasImage(name)) return name;
    this.#say(`pulling ${pull}`);
    return obtainImage(wanted.run, {
      engine,
      clock,
      say: (text) => this.#say(text),
      told: () => {},
      signal: AbortSignal.any([this.#signal, this.#making.signal]),
    });
  }

  async #start(id: string): Promise<void> {
    try {
      await this.#parts.engine.start(id);
    } catch (error) {
      if (!(error instanceof EngineError) || error.status === undefined) throw error;
      // 304: a request before this one, whose answer was lost, has started it.
      if (error.status !== 304) this.#starts.refused(id, error.message);
    }
  }

  #heard(answer: Answer<ServiceReportAnswer>, refused: () => void): void {
    if (answer.kind === 'refused') {
      // Of a workflow that was deleted nothing more is to be known.
      if (!this.#wanted) return;
      this.#say(`the server refuses the report: ${answer.reason}`);
      refused();
    } else if (!answer.value.wanted) this.want(undefined);
  }

  async #pause(ms: number): Promise<void> {
    if (!this.#woken) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const timer = new AbortController();
      try {
        await Promise.race([woken, this.#parts.clock.sleep(ms, AbortSignal.any([this.#signal, timer.signal]))]);
      } finally {
        timer.abort();
      }
    }
    this.#woken = false;
  }

  /** Says it once, not at each try. */
  #complain(words: string): void {
    if (words !== this.#complaint && words !== '') this.#say(words);
    this.#complaint = words;
  }

  #say(text: string): void {
    const { workflow, service } = this.key;
    const name = this.#wanted?.name ?? this.#starts.name ?? `number ${service}`;
    this.#parts.say(`service ${name} of workflow ${workflow.slice(0, 8)}: ${this.#mask(text)}`);
  }
}
