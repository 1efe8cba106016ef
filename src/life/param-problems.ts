/** Whether values may be set for params. Pure. */
import { type Catalogue, checkValue, STAGE_MAP, stageMapProblems } from '../content/index.ts';
import type { Problem } from '../errors.ts';
import { isSealed } from './seal.ts';

/** What is wrong with values by the names of their params, in the fields below `params`. */
export function paramProblems({ params, stages }: Catalogue, values: Readonly<Record<string, unknown>>): Problem[] {
  return Object.entries(values).flatMap(([name, value]): Problem[] => {
    const param = params.get(name);
    const field = `params.${name}`;
    if (param?.secure)
      return isSealed(value) ? [] : [{ field, message: 'is secure: its value must be sealed before it is sent' }];
    const wrong = checkValue(param, value);
    if (wrong.length > 0 || name !== STAGE_MAP) return wrong.map((message) => ({ field, message }));
    return stageMapProblems(value, (stage) => stages.has(stage)).map((message) => ({ field, message }));
  });
}
