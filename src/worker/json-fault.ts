/** Says where a text stops being JSON (RFC 8259): the engine's own errors name no place for many faults. Pure. */

/** A place in a text, and what is missing there. */
export interface JsonFault {
  /** From 1. */
  line: number;
  /** From 1, in characters. */
  column: number;
  expected: string;
}

/** One token, or nothing where none begins. Strings and numbers as in RFC 8259, sections 7 and 6. */
const TOKEN =
  /[{}[\],:]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

type Place = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or }' | ', or ]' | 'the end';

const WORDS: Record<Place, string> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  name: 'a name in double quotes',
  'name or }': 'a name in double quotes, or }',
  ':': ':',
  ', or }': ', or }',
  ', or ]': ', or ]',
  'the end': 'nothing more',
};

/** The first fault, or undefined when the text is JSON. */
export function jsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  const afterValue = (): Place => {
    const inside = open.at(-1);
    if (inside === undefined) return 'the end';
    return inside === '{' ? ', or }' : ', or ]';
  };
  let place: Place = 'value';
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    at += SPACE.exec(text)?.[0].length ?? 0;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined && at === text.length && place === 'the end') return undefined;
    const next: Place | undefined = token === undefined ? undefined : follow(place, token, open, afterValue);
    if (token === undefined || next === undefined) return { ...position(text, at), expected: WORDS[place] };
    place = next;
    at += token.length;
  }
}

/** What comes after the token at this place; undefined: it can't be here. */
function follow(place: Place, token: string, open: ('{' | '[')[], afterValue: () => Place): Place | undefined {
  const closes = (bracket: string): Place | undefined => {
    if (token !== bracket) return undefined;
    open.pop();
    return afterValue();
  };
  switch (place) {
    case 'value':
    case 'value or ]':
      if (token === '{' || token === '[') {
        open.push(token);
        return token === '{' ? 'name or }' : 'value or ]';
      }
      if (token === ']' && place === 'value or ]') return closes(']');
      return /^[\]},:]$/.test(token) ? undefined : afterValue();
    case 'name':
    case 'name or }':
      if (token.startsWith('"')) return ':';
      return place === 'name or }' ? closes('}') : undefined;
    case ':':
      return token === ':' ? 'value' : undefined;
    case ', or }':
      return token === ',' ? 'name' : closes('}');
    case ', or ]':
      return token === ',' ? 'value' : closes(']');
    case 'the end':
      return undefined;
  }
}

function position(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
