/** Docker Engine through dockerode, over its socket. */
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import { messageOf } from '../errors.ts';
import { type ContainerState, EngineError, type FoundContainer, sameAttempt } from './container-engine.ts';
import { createOptions, MARK, readLabels } from './container-spec.ts';
import { FrameReader } from './frames.ts';
import { type PullEvent, PullProgress } from './pull-progress.ts';
import { dockerServices } from './services/docker-services.ts';
import type { ServiceEngine } from './services/service-engine.ts';

/** Limits for one request, ms: the engine answers at once, except where it has to work. */
const QUICK = 30_000;
const SLOW = 180_000;
/** A pull that tells nothing for so long has stalled, ms. */
const PULL_SILENCE = 120_000;

/** One message of each stream may be missing, and one more tells where they belong. */
const LAST_LOGS = 3;

/** The engine behind the first of these sockets that answers. */
export function dockerEngine({ sockets }: { sockets: readonly string[] }): ServiceEngine {
  const engines = sockets.map((socketPath) => ({ socketPath, docker: new Docker({ socketPath }) }));
  let chosen = engines[0]?.docker ?? new Docker();

  const ask = async <T>(request: Promise<T>, limit = QUICK): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new EngineError(`the container engine has not answered in ${limit / 1000} s`)),
        limit,
      );
    });
    try {
      return await Promise.race([request, late]);
    } catch (error) {
      throw engineError(error);
    } finally {
      clearTimeout(timer);
    }
  };

  const list = async (): Promise<FoundContainer[]> => {
    const all = await ask(chosen.listContainers({ all: true, filters: { label: [MARK] } }));
    return all.flatMap(({ Id, Labels, State }) => {
      const read = readLabels(Labels);
      const condition = State === 'created' ? 'made' : ['exited', 'dead'].includes(State) ? 'ended' : 'running';
      return read ? [{ id: Id, ...read, condition } satisfies FoundContainer] : [];
    });
  };

  const stateOf = (state: Docker.ContainerInspectInfo['State']): ContainerState => ({
    running: state.Running || state.Restarting,
    startedAt: engineTime(state.StartedAt),
    finishedAt: engineTime(state.FinishedAt),
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    error: state.Error,
  });

  return {
    ...dockerServices({ docker: () => chosen, ask, askLong: (request) => ask(request, SLOW), stateOf }),

    async ping() {
      let last: unknown;
      for (const { socketPath, docker } of engines) {
        try {
          const { Version } = await ask(docker.version());
          chosen = docker;
          return `Docker Engine ${Version} at ${socketPath}`;
        } catch (error) {
          last ??= error;
        }
      }
      throw engineError(last);
    },

    async pull(image, told, signal) {
      signal.throwIfAborted();
      const stream = await ask(chosen.pull(image), SLOW);
      await followPull(stream as Readable, told, signal);
    },

    async hasImage(image) {
      try {
        await ask(chosen.getImage(image).inspect());
        return true;
      } catch (error) {
        if (error instanceof EngineError && error.status !== undefined) return false;
        throw error;
      }
    },

    list,

    async create(spec) {
      try {
        return (await ask(chosen.createContainer(createOptions(spec)), SLOW)).id;
      } catch (error) {
        if (!(error instanceof EngineError) || error.status !== 409) throw error;
        // A worker that was killed while the engine was making it has left it behind.
        const made = (await list()).find(({ key }) => sameAttempt(key, spec.key));
        if (!made) throw error;
        return made.id;
      }
    },

    async start(id) {
      await ask(chosen.getContainer(id).start(), SLOW);
    },

    async inspect(id) {
      return stateOf((await ask(chosen.getContainer(id).inspect())).State);
    },

    async wait(id, signal) {
      try {
        await chosen.getContainer(id).wait({ abortSignal: signal });
      } catch (error) {
        signal.throwIfAborted();
        throw engineError(error);
      }
    },

    async *logs(id, signal) {
      const options = { follow: true, stdout: true, stderr: true, timestamps: true } as const;
      const stream = (await ask(chosen.getContainer(id).logs(options))) as unknown as Readable;
      const stop = (): void => void stream.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        signal.throwIfAborted();
        const frames = new FrameReader();
        for await (const chunk of stream) yield* frames.push(chunk as Buffer);
      } catch (error) {
        signal.throwIfAborted();
        throw engineError(error);
      } finally {
        signal.removeEventListener('abort', stop);
        stream.destroy();
      }
    },

    async lastLogs(id) {
      const options = { follow: false, stdout: true, stderr: true, timestamps: true, tail: LAST_LOGS } as const;
      const bytes = await ask(chosen.getContainer(id).logs(options));
      return new FrameReader().push(bytes);
    },

    async stop(id, grace) {
      await unlessGone(ask(chosen.getContainer(id).stop({ t: grace }), SLOW));
    },

    async remove(id) {
      await unlessGone(ask(chosen.getContainer(id).remove({ force: true, v: true }), SLOW));
    },
  };
}

/** 304: it has stopped already; 404 and 409: it is gone, or going. */
async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof EngineError) || ![304, 404, 409].includes(error.status ?? 0)) throw error;
  }
}

/** The engine's zero time is in year 1. */
function engineTime(text: string): number | undefined {
  const at = Date.parse(text);
  return at > 0 ? at : undefined;
}

/**
 * dockerode's errors carry `statusCode`, and in `json.message` the engine's own sentence; where a stream was asked for,
 * only a message with that sentence behind a preface of dockerode's.
 */
function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { statusCode, json, code } = (error ?? {}) as {
    statusCode?: number;
    json?: { message?: unknown };
    code?: string;
  };
  if (statusCode === undefined)
    return new EngineError(code === undefined ? messageOf(error) : `${messageOf(error)} (${code})`);
  const words =
    typeof json?.message === 'string' ? json.message : messageOf(error).replace(/^\(HTTP code \d+\) [^-]*- /, '');
  return new EngineError(words.trim(), statusCode);
}

/** Reads a pull's JSON lines to their end. An error comes as a line too: the status was 200 long before. */
async function followPull(
  stream: Readable,
  told: (progress: { downloaded?: number; total?: number }) => void,
  signal: AbortSignal,
): Promise<void> {
  const progress = new PullProgress();
  let silent = false;
  const stall = setTimeout(() => {
    silent = true;
    stream.destroy();
  }, PULL_SILENCE);
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let text = '';
    for await (const chunk of stream) {
      stall.refresh();
      const lines = (text + String(chunk)).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines.filter((one) => one.trim() !== '')) {
        const event = JSON.parse(line) as PullEvent;
        if (event.error !== undefined) throw new EngineError(event.error.trim(), 500);
        const sums = progress.add(event);
        if (sums) told(sums);
      }
    }
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw silent ? new EngineError(`the pull has told nothing for ${PULL_SILENCE / 1000} s`, 504) : engineError(error);
  } finally {
    clearTimeout(stall);
    signal.removeEventListener('abort', stop);
  }
}
