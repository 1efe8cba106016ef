/** The objects that lives are made of, with texts that are templates as they are filled in here. */
import { builtinPack, Content } from '../content/index.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import type { EventLog } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import { parse } from '../workflows/template/gotemplate/index.ts';
import { readWrittenContainer } from '../workflows/template/written-container.ts';
import { FUNCTIONS } from './render/values.ts';
import { shippedPacks } from './shipped.ts';

/** Opens the content of a store. */
export function openContent(parts: { store: Store; events: EventLog; clock: () => number }): Promise<Content> {
  const builtin = [builtinPack, ...shippedPacks()];
  return Content.open({ ...parts, builtin, checkText, checkContainer });
}

function checkText(text: string): Problem[] {
  try {
    parse(text, FUNCTIONS);
    return [];
  } catch (error) {
    if (error instanceof TinsmithError) return [...error.problems];
    throw error;
  }
}

function checkContainer(container: object): Problem[] {
  return readWrittenContainer(container, { open: true }).problems;
}
