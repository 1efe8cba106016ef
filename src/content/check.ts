/** Whether the objects of a catalogue are usable, each for itself and with one another. Pure. */
import type { Problem } from '../errors.ts';
import { type Path, type Place, pathOf } from '../yaml-source.ts';
import { cyclesOf } from './cycles.ts';
import { systemsOf } from './entries.ts';
import { type Catalogue, containerOf, type Section, type TaskStep, type TemplateEntry } from './objects.ts';
import { referencesOf } from './references.ts';
import { type Each, eachOf, inWords } from './sections.ts';
import { STAGE_ACTIONS, STAGE_MAP, stageMapEntries } from './stage-map.ts';
import { checkPlainValue, checkSchema, checkValue, defaultOf } from './values.ts';

/** What is wrong with an object. */
export interface Fault {
  section: Section;
  name: string;
  path: Path;
  message: string;
  /** Where in the text that stands at the path. */
  within?: Place;
}

/** What is wrong with a text that is a template: line and column of each problem, if known. */
export type CheckText = (text: string) => Problem[];

/** What is wrong with the container of a step, as it is written: texts with holes may be anything. */
export type CheckContainer = (container: object) => Problem[];

/** A check of all objects at once. What was found of an object for itself is kept as long as that is. */
export function checkWith(
  checkText: CheckText,
  checkContainer: CheckContainer = () => [],
): (catalogue: Catalogue) => Fault[] {
  const ofItself = new WeakMap<object, Fault[]>();
  return (catalogue) =>
    [...eachOf(catalogue)]
      .flatMap((each) => {
        const own = ofItself.get(each.object) ?? ownFaults(each, checkText, checkContainer);
        ofItself.set(each.object, own);
        return [...own, ...faultsAmong(each, catalogue)];
      })
      .concat(circles(catalogue));
}

type Found = Omit<Fault, 'section' | 'name'>;

/** What can be said of an object without the others. */
function ownFaults(each: Each, checkText: CheckText, checkContainer: CheckContainer): Fault[] {
  const { section, name } = each;
  return [...found()].map((fault) => ({ section, name, ...fault }));

  function* found(): Generator<Found> {
    switch (each.section) {
      case 'bootenvs':
        yield* texts(each.object.bootParams, ['bootParams']);
        for (const [arch, { bootParams }] of Object.entries(each.object.os.supportedArchitectures)) {
          yield* texts(bootParams, ['os', 'supportedArchitectures', arch, 'bootParams']);
        }
        yield* entries(each.object.templates, { needPaths: true });
        return;
      case 'stages':
        yield* entries(each.object.templates, { needPaths: true });
        yield* stageMap(each.object.params[STAGE_MAP], ['params', STAGE_MAP]);
        return;
      case 'tasks':
        yield* entries(each.object.templates, { needPaths: false });
        for (const [index, step] of each.object.templates.entries()) yield* container(step, ['templates', index]);
        yield* systems(each.object.templates);
        return;
      case 'templates':
        yield* texts(each.object.contents, ['contents']);
        return;
      case 'profiles':
        yield* stageMap(each.object.params[STAGE_MAP], ['params', STAGE_MAP]);
        return;
      case 'params': {
        const fault = checkSchema(each.object);
        if (fault !== undefined) yield { path: ['schema'], message: `is no JSON Schema: ${fault}` };
        const value = defaultOf(each.object);
        if (value === undefined) return;
        for (const message of checkPlainValue(each.object, value)) yield { path: ['schema', 'default'], message };
        if (each.object.name === STAGE_MAP) yield* stageMap(value, ['schema', 'default']);
        return;
      }
      case 'workflows':
        return;
    }
  }

  function* entries(templates: readonly TemplateEntry[], { needPaths }: { needPaths: boolean }): Generator<Found> {
    for (const [index, { path, contents = '' }] of templates.entries()) {
      const at = ['templates', index];
      if (needPaths && path.trim() === '') {
        yield { path: [...at, 'path'], message: 'is missing: a machine gets the file by it' };
      }
      yield* texts(path, [...at, 'path']);
      yield* texts(contents, [...at, 'contents']);
    }
  }

  function* container(step: TaskStep, at: Path): Generator<Found> {
    const { timeout } = step;
    if (step.image === undefined && timeout === undefined) return;
    const written = { ...containerOf(step), ...(timeout === undefined ? {} : { timeout }) };
    for (const { field, message } of checkContainer(written)) yield { path: [...at, ...pathOf(field)], message };
    yield* textsIn(written, at);
  }

  function* textsIn(value: unknown, path: Path): Generator<Found> {
    if (typeof value === 'string') yield* texts(value, path);
    if (typeof value !== 'object' || value === null) return;
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [key, each] of entries) yield* textsIn(each, [...path, key]);
  }

  function* texts(text: string, path: Path): Generator<Found> {
    // Most short texts have no holes.
    if (!text.includes('{{')) return;
    for (const { message, line, column } of checkText(text)) {
      if (line === undefined || column === undefined) yield { path, message };
      else yield { path, message: `line ${line}, column ${column}: ${message}`, within: { line, column } };
    }
  }
}

/** Either each entry says which systems it is for, or none does: else nobody knows what those without mean. */
function* systems(templates: readonly TemplateEntry[]): Generator<Found> {
  const without = [...templates.entries()].filter(([, entry]) => systemsOf(entry).length === 0);
  if (without.length === templates.length) return;
  for (const [index] of without) {
    const message =
      'has no OS, where other entries of the task have one: give it to all (any is for all systems) or none';
    yield { path: ['templates', index, 'meta'], message };
  }
}

/** Actions that nobody knows; whether the stages are there, the references tell. */
function* stageMap(value: unknown, path: Path): Generator<Found> {
  for (const [stage, { next, unknown }] of stageMapEntries(value)) {
    if (unknown === undefined) continue;
    const message = `"${next}:${unknown}" has an unknown action "${unknown}"; known are ${STAGE_ACTIONS.join(', ')}`;
    yield { path: [...path, stage], message };
  }
}

/** Entries of Digital Rebar's task lists that are no tasks. */
const NO_TASK = /^(action|chroot|context|stage|bootenv):/;

/** What is wrong with an object among the others. */
function* faultsAmong(each: Each, catalogue: Catalogue): Generator<Fault> {
  const { section, name } = each;
  for (const { path, section: other, name: wanted, isNeeded } of referencesOf(each)) {
    if (!isNeeded || catalogue[other].has(wanted)) continue;
    const isOther = other === 'tasks' && NO_TASK.test(wanted);
    const hint = isOther ? `: entries such as ${wanted.slice(0, wanted.indexOf(':') + 1)} are not done here` : '';
    yield { section, name, path, message: `there is no ${inWords({ section: other, name: wanted })}${hint}` };
  }
  if (each.section === 'stages' && catalogue.bootenvs.get(each.object.bootEnv)?.onlyUnknown) {
    const message = `boot environment ${each.object.bootEnv} is for machines that nobody knows: no stage can be in it`;
    yield { section, name, path: ['bootEnv'], message };
  }
  if (each.section !== 'stages' && each.section !== 'profiles') return;
  for (const [param, value] of Object.entries(each.object.params)) {
    for (const message of checkValue(catalogue.params.get(param), value)) {
      yield { section, name, path: ['params', param], message };
    }
  }
}

function circles({ tasks, profiles }: Catalogue): Fault[] {
  const faults = (
    section: 'tasks' | 'profiles',
    key: string,
    names: Iterable<string>,
    next: (name: string) => readonly string[],
    inSentence: string,
  ): Fault[] =>
    cyclesOf(names, next).map((cycle) => {
      const [name = ''] = cycle;
      return { section, name, path: [key], message: `${inSentence}: ${[...cycle, name].join(' -> ')}` };
    });
  return [
    ...faults(
      'tasks',
      'prerequisites',
      tasks.keys(),
      (name) => tasks.get(name)?.prerequisites ?? [],
      'tasks need each other in a circle',
    ),
    ...faults(
      'profiles',
      'profiles',
      profiles.keys(),
      (name) => profiles.get(name)?.profiles ?? [],
      'profiles have each other in a circle',
    ),
  ];
}
