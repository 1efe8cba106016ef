/** The server's word on services, in memory: what it wants, what it was told, and the means to be away or to refuse. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../../src/worker/client.ts';
import type {
  LogAnswer,
  LogEntry,
  ServiceLogPost,
  ServiceReport,
  ServiceReportAnswer,
  ServicesAnswer,
  WantedService,
} from '../../../src/worker/protocol.ts';
import type { ServiceParts } from '../../../src/worker/services/index.ts';

/** A service as a test wants it. */
export function wanted(
  name: string,
  more: Omit<Partial<WantedService>, 'run'> & { run?: Partial<WantedService['run']> } = {},
): WantedService {
  const { run, ...rest } = more;
  return {
    workflow: '0123456789-w',
    service: 0,
    name,
    labels: [],
    ports: [],
    restart: { when: 'on-failure' },
    ...rest,
    run: {
      kind: 'container',
      image: name,
      pull: name,
      mountsExecutable: false,
      command: [],
      environment: {},
      volumes: [],
      secrets: [],
      ...run,
    },
  };
}

export class FakeServiceServer {
  services: WantedService[] = [];
  /** Workflows of which nothing more will come. */
  over: string[] = [];
  readonly reports: ServiceReport[] = [];
  readonly logs = new Map<string, LogEntry[]>();
  /** How often it was asked what it wants. */
  asked = 0;
  away = false;
  /** Refuses to say what it wants. */
  refuses = false;
  readonly #watchers = new Set<() => void>();

  readonly api: ServiceParts['api'] = {
    services: async (folders, signal): Promise<Answer<ServicesAnswer>> => {
      await this.#reach(signal);
      this.asked += 1;
      this.#look();
      if (this.refuses) return { kind: 'refused', status: 404, reason: 'no such path' };
      return {
        kind: 'answer',
        value: {
          services: structuredClone(this.services),
          over: folders.filter((each) => this.over.includes(each)),
        },
      };
    },
    service: async (report, signal): Promise<Answer<ServiceReportAnswer>> => {
      await this.#reach(signal);
      this.reports.push(report);
      this.#look();
      return { kind: 'answer', value: { wanted: this.wants(report) } };
    },
    serviceLog: async (post, signal): Promise<Answer<LogAnswer>> => {
      await this.#reach(signal);
      const next = this.#take(post);
      this.#look();
      return { kind: 'answer', value: { next } };
    },
  };

  wants({ workflow, service }: { workflow: string; service: number }): boolean {
    return this.services.some((one) => one.workflow === workflow && one.service === service);
  }

  /** What it was told of a service: states, each with its number of starts. */
  told(service = 0): string[] {
    return this.reports.filter((one) => one.service === service).map(({ state, starts }) => `${state} ${starts}`);
  }

  last(service = 0): ServiceReport | undefined {
    return this.reports.findLast((one) => one.service === service);
  }

  text(start: number, service = 0): string {
    return (this.logs.get(`${service}/${start}`) ?? []).map(({ text }) => text).join('');
  }

  /** Resolves when the condition holds, looked at after each request. */
  async until(condition: () => boolean, ms = 60_000): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`not reached in ${ms} ms: ${condition}; reports: ${JSON.stringify(this.reports.slice(-12))}`));
      }, ms);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  async #reach(signal: AbortSignal): Promise<void> {
    do await delay(1, undefined, { signal });
    while (this.away);
  }

  #take({ service, start, from, entries }: ServiceLogPost): number {
    const key = `${service}/${start}`;
    const held = this.logs.get(key) ?? [];
    this.logs.set(key, held);
    if (from <= held.length) held.push(...entries.slice(held.length - from));
    return held.length;
  }

  #look(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
