/**
 * The hermetic part of sprig (Masterminds/sprig 3.2.3): functions whose results depend on their arguments alone. The
 * others are known by name and refused with the reason.
 */
import type { FunctionMap } from '../gotemplate/index.ts';
import { DATES } from './dates.ts';
import { DECIMALS } from './decimals.ts';
import { DEFAULTS } from './defaults.ts';
import { DICTS } from './dicts.ts';
import { ENCODING } from './encoding.ts';
import { JSON_FUNCTIONS } from './json.ts';
import { LISTS } from './lists.ts';
import { NUMBERS } from './numbers.ts';
import { PATHS } from './paths.ts';
import { REFUSED } from './refused.ts';
import { REGEX } from './regex.ts';
import { SEMVER } from './semver.ts';
import { STRINGS } from './strings.ts';
import { TYPES } from './types.ts';
import { URLS } from './urls.ts';
import { WORDS } from './words.ts';

export { deepCopy } from './deep.ts';

/** All of sprig's functions, those that are refused included. */
export const SPRIG_FUNCTIONS: FunctionMap = new Map(
  [
    DATES,
    DECIMALS,
    DEFAULTS,
    DICTS,
    ENCODING,
    JSON_FUNCTIONS,
    LISTS,
    NUMBERS,
    PATHS,
    REFUSED,
    REGEX,
    SEMVER,
    STRINGS,
    TYPES,
    URLS,
    WORDS,
  ].flatMap((family) => [...family]),
);
