/** What templates of a machine's life are filled in for, and what comes of it. */
import type { BootEnv, Catalogue, Stage, Task } from '../../content/objects.ts';
import type { Machine } from '../../machines/machines.ts';
import type { JobStep } from '../../worker/protocol.ts';
import type { Container } from '../../workflows/template/document.ts';
import { type Processors, USUAL_ARCH } from '../processors.ts';
import type { Life } from '../record.ts';

export interface RenderContext {
  /** Undefined: a machine that nobody knows, which gets what an environment for such machines has. */
  machine?: Machine | undefined;
  processors: Pick<Processors, 'of'>;
  life: Life;
  /** Id of the machine's newest Job. */
  job?: string | undefined;
  stage?: Stage | undefined;
  /** The environment that the machine is in, or whose files are filled in. */
  bootEnv?: BootEnv | undefined;
  task?: Task | undefined;
  /** The text is given to that machine alone. Secure params are opened for such texts, and for the templates of tasks. */
  isForMachine?: boolean;
  catalogue: Catalogue;
  /** The appliance, as the machine reaches it: `http://192.168.1.1:8080`, `192.168.1.1`, `8080`. */
  server: { url: string; address: string; port: string };
  /** The value in a sealed one. @throws TinsmithError */
  open: (sealed: unknown) => unknown;
  /** A token for what the template is filled in for; asked for once for each kind at most. */
  token: (kind: 'machine' | 'infinite' | 'unknown') => string;
  /** The system that the templates are for, such as `linux`: entries for others are left out. */
  targetOs: string;
}

/** The architecture that is filled in for. */
export function archOf({ machine, processors }: Pick<RenderContext, 'machine' | 'processors'>): string {
  return machine ? processors.of(machine).arch : USUAL_ARCH;
}

/** `secrets`: texts of secure params, and tokens, that were used; they must not appear in logs. */
export interface RenderedTask {
  steps: JobStep<Container>[];
  secrets: string[];
}
export interface RenderedText {
  text: string;
  secrets: string[];
}

/** Whose templates are filled in, for messages, and the params that must be there. */
export interface Owner {
  /** Such as `task wipe`. */
  called: string;
  requiredParams: readonly string[];
}
