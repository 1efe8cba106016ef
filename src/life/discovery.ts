/** Discovery, with the names and lives that rules give to machines. */
import type { Content } from '../content/index.ts';
import { TinsmithError } from '../errors.ts';
import { Discovery, type DiscoveryParts } from '../machines/discovery/discovery.ts';
import { parse, render } from '../workflows/template/gotemplate/index.ts';
import { Beginnings } from './beginnings.ts';
import type { Course } from './course.ts';
import { copied, FUNCTIONS } from './render/values.ts';

/** Puts discovery together. */
export function makeDiscovery(
  parts: Omit<DiscoveryParts, 'names' | 'lives'> & { content: Content; course: Course },
): Discovery {
  const options = { functions: FUNCTIONS, name: 'name', nilHoles: 'refuse' } as const;
  const beginnings = new Beginnings(parts);
  return new Discovery({
    ...parts,
    names: {
      check(template) {
        try {
          parse(template, FUNCTIONS, options.name);
          return undefined;
        } catch (error) {
          if (error instanceof TinsmithError) return error.message;
          throw error;
        }
      },
      // Its own limits hold: what is copied is bounded by the inventory's shape.
      render: (template, inventory) =>
        render(
          template,
          copied(inventory, () => {}),
          options,
        ).text,
    },
    lives: {
      problemsOf: (rule) => beginnings.problemsOf(rule),
      begin: (transaction, machine, start) => beginnings.begin(transaction, machine, start),
    },
  });
}
