/** Which machines an object is used by. Pure. */
import type { Section } from '../content/index.ts';
import type { Life } from './record.ts';

/** Whether a machine's life has to do with an object: it may not be taken away then. */
export function uses(life: Life, section: Section, name: string): boolean {
  switch (section) {
    case 'stages':
      return life.stage === name;
    case 'bootenvs':
      return life.bootEnv === name;
    case 'profiles':
      return life.profiles.includes(name);
    case 'tasks':
      return life.workflow !== undefined && life.tasks.includes(name);
    case 'workflows':
      return life.list === name;
    case 'params':
    case 'templates':
      return false;
  }
}
