/** The sections one after another, with what is in them. Pure. */
import type { Catalogue, Objects, Section } from './objects.ts';
import { SECTIONS } from './objects.ts';

/** An object with its section, which tells what it is. */
export type Each = { [S in Section]: { section: S; name: string; object: Objects[S] } }[Section];

/** All objects of a catalogue, section by section, in order of their names. */
export function* eachOf(catalogue: Catalogue): Generator<Each> {
  for (const section of SECTIONS) {
    // The section and the objects in its map are of one kind.
    for (const [name, object] of catalogue[section]) yield { section, name, object } as Each;
  }
}

const NOUNS: { readonly [S in Section]: string } = {
  bootenvs: 'boot environment',
  params: 'param',
  profiles: 'profile',
  stages: 'stage',
  tasks: 'task',
  templates: 'shared template',
  workflows: 'list of stages',
};

/** What an object of a section is called: `stage`. */
export function nounOf(section: Section): string {
  return NOUNS[section];
}

/** `stage discover`. */
export function inWords({ section, name }: { section: Section; name: string }): string {
  return `${NOUNS[section]} ${name}`;
}

/** With a capital: at the beginning of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
