import { type FunctionMap, fixed, type TemplateFunction } from '../gotemplate/index.ts';
import { text } from './arguments.ts';
import { parseConstraints, satisfies } from './semver-constraints.ts';
import { parseVersion } from './semver-version.ts';

/** Semantic versions (semver.org), read leniently: `v1.2` is `1.2.0`. */
export const SEMVER: FunctionMap = new Map<string, TemplateFunction>([
  ['semver', fixed(1, ([version]) => parseVersion(text(version)))],
  [
    'semverCompare',
    fixed(2, ([constraint, version]) => satisfies(parseVersion(text(version)), parseConstraints(text(constraint)))),
  ],
]);
