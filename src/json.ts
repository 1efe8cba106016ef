/** What a text is as JSON; undefined where it is none. For texts of others, where that is all that has to be known. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
