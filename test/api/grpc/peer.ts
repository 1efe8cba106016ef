/** A gRPC client that is not ours, Debian's python3-grpcio, with messages compiled from proto files of the test's own. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

// biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects
type Json = any;

export interface Refusal {
  code: string;
  details: string;
  trailers: Record<string, string>;
}

/** What a call ended with that was not answered. */
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(`${refusal.code}: ${refusal.details}`);
    this.refusal = refusal;
  }
}

const PROTOS = join(import.meta.dirname, 'protos');
const FILES = readdirSync(PROTOS).filter((name) => name.endsWith('.proto'));

/** @param certificate file with the certificate that the server must have; plain text without */
export function peer(t: TestContext, directory: string, target: string, certificate?: string) {
  const compiled = join(directory, 'compiled');
  mkdirSync(compiled, { recursive: true });
  execFileSync('/usr/bin/protoc', [`--python_out=${compiled}`, `-I${PROTOS}`, ...FILES]);
  const words = [join(import.meta.dirname, 'peer.py'), target, compiled, ...(certificate ? [certificate] : [])];
  const child = spawn('/usr/bin/python3', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const waiting = new Map<number, (answer: Json) => void>();
  child.once('close', (code) => {
    for (const answer of waiting.values()) answer({ code: 'CLIENT', details: `it ended with ${code}`, trailers: {} });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, ...answer } = JSON.parse(line);
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  let last = 0;
  const ask = (question: object): Promise<Json> => {
    const id = ++last;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
    });
  };

  /** Calls of one service, whose messages are in `pkg`. Resolves to the messages; rejects with Refused. */
  const service =
    (path: string, pkg: string) =>
    async (
      method: string,
      types: [string, string],
      message: object = {},
      more: { stream?: boolean; first?: boolean; metadata?: Record<string, string> } = {},
    ): Promise<Json[]> => {
      const [request, response] = types.map((type) => `${pkg}.${type}`);
      const answer = await ask({ path: `/${path}/${method}`, request, response, message, ...more });
      if (answer.code) throw new Refused(answer);
      return answer.messages;
    };
  return { service, reflect: (version: string): Promise<Json> => ask({ reflect: version }) };
}

export type Service = ReturnType<ReturnType<typeof peer>['service']>;

/** The refusal that a call ends with. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
  return assert.fail('it was answered');
}
