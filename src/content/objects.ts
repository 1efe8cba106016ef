/**
 * The objects that a machine's life is made of, as they are written: tasks, stages, the environments that machines boot,
 * profiles and params, texts that several share, and lists of stages. The nouns are Digital Rebar's; so are the names of
 * the sections in which packs have them. Keys are ours in camel case; `writing.ts` takes Digital Rebar's writing too.
 */
import { z } from 'zod';

/** Sections of a pack, and of the API. */
export const SECTIONS = ['bootenvs', 'params', 'profiles', 'stages', 'tasks', 'templates', 'workflows'] as const;
export type Section = (typeof SECTIONS)[number];

/** A name as Digital Rebar takes it: it may have slashes, as in `change-stage/map`. */
export const objectName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[A-Za-z0-9._][A-Za-z0-9._/:+ -]*$/, 'has other characters than letters, digits and . _ / : + -');

const described = {
  name: objectName,
  description: z.string().default(''),
  documentation: z.string().default(''),
  /** What programs keep with it; the feature flags of tasks stand here under `feature-flags`. */
  meta: z.record(z.string(), z.string()).default({}),
};

const entryKeys = {
  name: z.string().min(1).max(255),
  /** Where the file is written; a template itself. Absolute, or below the task's folder. */
  path: z.string().max(4096).default(''),
  contents: z
    .string()
    .max(1 << 20)
    .optional(),
  /** Name of a shared template, in the section `templates`. */
  id: z.string().max(255).optional(),
  /** Digital Rebar gives out another file under the path then; here nothing is. */
  link: z.string().max(4096).optional(),
  /** `os`: it is for these systems only (names with commas); `interpreter`: what runs the script. */
  meta: z.record(z.string(), z.string()).default({}),
};
const hasText = ({ contents = '', id = '', link = '' }: { contents?: string; id?: string; link?: string }): boolean =>
  link === '' ? (contents === '') !== (id === '') : contents === '' || id === '';

/** A text with holes, of its own or shared, that becomes a file (with a path) or a script (without one). */
export const templateEntry = z
  .strictObject(entryKeys)
  .refine(hasText, { message: 'has either contents or the id of a shared template' });
export type TemplateEntry = z.infer<typeof templateEntry>;

const words = z.union([z.string().max(1 << 16), z.number(), z.boolean()]);

/** What is run in a container, by the keys that actions of workflows' templates have; every text may have holes. */
export const containerKeys = {
  image: z.string().min(1).max(4096).optional(),
  command: z.array(words).optional(),
  environment: z.record(z.string(), words.nullable()).optional(),
  volumes: z.array(z.string()).optional(),
  pid: z.string().optional(),
  namespaces: z.strictObject({ network: z.string().optional(), pid: z.string().optional() }).optional(),
  privileged: words.optional(),
  memory: words.optional(),
  cpus: words.optional(),
};
export type ContainerKey = keyof typeof containerKeys;
const isContainerKey = (key: string): key is ContainerKey => Object.hasOwn(containerKeys, key);

/** The keys of a step that say what its container is, as they are written. */
export function containerOf(step: TaskStep): Partial<Pick<TaskStep, ContainerKey>> {
  return Object.fromEntries(Object.entries(step).filter(([key]) => isContainerKey(key)));
}

/** One step of a task: a file, a script, or a container. */
export const taskStep = z
  .strictObject({
    ...entryKeys,
    ...containerKeys,
    /** Seconds that a script, or a container, may take; 0, as without it, is no limit. */
    timeout: words.optional(),
  })
  .superRefine((step, context) => {
    const fault = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (step.image === undefined) {
      if (!hasText(step)) {
        const message = 'has either contents or the id of a shared template, or else the image of a container';
        context.addIssue({ code: 'custom', message });
      }
      for (const key of Object.keys(step).filter(isContainerKey)) fault(key, 'belongs to an image, and there is none');
      if (step.timeout !== undefined && step.path !== '')
        fault('timeout', 'is for scripts and containers, not for files');
      return;
    }
    for (const key of ['contents', 'id', 'path', 'link'] as const) {
      if ((step[key] ?? '') !== '') fault(key, 'cannot stand beside an image: one step is one thing');
    }
  });
export type TaskStep = z.infer<typeof taskStep>;

const needs = {
  requiredParams: z.array(objectName).default([]),
  optionalParams: z.array(objectName).default([]),
};

export const task = z.strictObject({
  ...described,
  /** Its steps in their order. Digital Rebar has no containers among them, and hence this name. */
  templates: z.array(taskStep).default([]),
  ...needs,
  /** Tasks that must have run before, in the same boot environment. */
  prerequisites: z.array(objectName).default([]),
});
export type Task = z.infer<typeof task>;

export const stage = z.strictObject({
  ...described,
  /** What its tasks are run in; empty: whatever the machine is in. */
  bootEnv: z.union([z.literal(''), objectName]).default(''),
  tasks: z.array(objectName).default([]),
  profiles: z.array(objectName).default([]),
  params: z.record(z.string(), z.unknown()).default({}),
  templates: z.array(templateEntry).default([]),
  ...needs,
  /** The machine is restarted whenever it enters the stage. */
  reboot: z.boolean().default(false),
  /** False: the agent ends when all is done and nothing follows. Not given: it waits for more. */
  runnerWait: z.boolean().optional(),
});
export type Stage = z.infer<typeof stage>;

const architecture = z.strictObject({
  isoFile: z.string().default(''),
  isoUrl: z.string().default(''),
  sha256: z.string().default(''),
  kernel: z.string().default(''),
  initrds: z.array(z.string()).default([]),
  bootParams: z.string().default(''),
  loader: z.string().default(''),
});

export const bootEnv = z.strictObject({
  ...described,
  os: z
    .strictObject({
      name: z.string().default(''),
      family: z.string().default(''),
      codename: z.string().default(''),
      version: z.string().default(''),
      isoFile: z.string().default(''),
      isoSha256: z.string().default(''),
      isoUrl: z.string().default(''),
      /** By architecture: amd64, arm64, … */
      supportedArchitectures: z.record(z.string(), architecture).default({}),
    })
    .prefault({}),
  /** Paths below the environment's files, or URLs. Empty: it has nothing to boot. */
  kernel: z.string().default(''),
  initrds: z.array(z.string()).default([]),
  /** Kernel arguments, a template. */
  bootParams: z.string().default(''),
  templates: z.array(templateEntry).default([]),
  ...needs,
  /** For machines that nobody knows; may not be assigned to a machine. */
  onlyUnknown: z.boolean().default(false),
  /** Loaders by `386-pcbios`, `amd64-uefi`, `arm64-uefi`. */
  loaders: z.record(z.string(), z.string()).default({}),
});
export type BootEnv = z.infer<typeof bootEnv>;

export const profile = z.strictObject({
  ...described,
  params: z.record(z.string(), z.unknown()).default({}),
  /** Profiles whose params count after its own. */
  profiles: z.array(objectName).default([]),
});
export type Profile = z.infer<typeof profile>;

export const param = z.strictObject({
  ...described,
  /** JSON Schema; `default` in it is the value where nobody gives one. */
  schema: z.unknown().optional(),
  /** Its values are sealed by whoever writes them, and shown to nobody without the right. */
  secure: z.boolean().default(false),
});
export type Param = z.infer<typeof param>;

/** A text that several tasks, stages and environments share. */
export const sharedTemplate = z.strictObject({
  /** Its name, as `name` of the others: Digital Rebar calls it ID. */
  id: objectName,
  description: z.string().default(''),
  documentation: z.string().default(''),
  meta: z.record(z.string(), z.string()).default({}),
  contents: z
    .string()
    .max(1 << 20)
    .default(''),
});
export type SharedTemplate = z.infer<typeof sharedTemplate>;

/** A list of stages, which Digital Rebar calls a workflow. */
export const stageList = z.strictObject({ ...described, stages: z.array(objectName).default([]) });
export type StageList = z.infer<typeof stageList>;

/** The shape of an object of each section. */
export const SHAPES = {
  bootenvs: bootEnv,
  params: param,
  profiles: profile,
  stages: stage,
  tasks: task,
  templates: sharedTemplate,
  workflows: stageList,
} as const satisfies Record<Section, z.ZodType>;

/** An object by the section that it is in. */
export type Objects = { [S in Section]: z.infer<(typeof SHAPES)[S]> };

/** The name of an object, whichever it is. */
export function nameOf(object: Objects[Section]): string {
  return 'id' in object ? object.id : object.name;
}

/** All objects that count, of all layers together. Frozen. */
export type Catalogue = { readonly [S in Section]: ReadonlyMap<string, Objects[S]> };
