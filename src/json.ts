/** What a text is as JSON; undefined where it is none. For texts of others, where that is all that has to be known. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lists and maps in one another that are taken from others: far below what fills the stack of those that go through them. */
export const NESTED_MAX = 200;

/** Whether lists and maps of a JSON value are in one another more than `NESTED_MAX` deep. */
export function nestsTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    level = level.filter((each) => typeof each === 'object' && each !== null);
    if (depth >= NESTED_MAX && level.length > 0) return true;
    level = level.flatMap((each) => Object.values(each as object));
  }
  return false;
}
