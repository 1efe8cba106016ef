/** Two texts as one, with what was taken out and put in: the unified form of `diff -u`. Pure. */
import { diff } from 'node:util';

/** Unchanged lines around each change. */
const CONTEXT = 3;
/** Differing lines of either side that are compared one by one; beyond, all are taken out and put in. */
const COMPARED = 2000;

/** Lines that begin with a space (kept), `-` or `+`, in hunks headed by `@@ -from,count +from,count @@`; '' when equal. */
export function unifiedDiff(before: string, after: string): string {
  if (before === after) return '';
  const edits = editsOf(linesOf(before), linesOf(after));
  return hunksOf(edits).join('\n');
}

interface Edit {
  sign: ' ' | '-' | '+';
  text: string;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines.push('\\ No newline at end of file');
  return lines;
}

function editsOf(before: string[], after: string[]): Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const all = (sign: Edit['sign'], lines: string[]): Edit[] => lines.map((text) => ({ sign, text }));
  const [out, into] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const middle =
    out.length > COMPARED || into.length > COMPARED ? [...all('-', out), ...all('+', into)] : compared(out, into);
  return [...all(' ', before.slice(0, start)), ...middle, ...all(' ', before.slice(before.length - end))];
}

function compared(out: string[], into: string[]): Edit[] {
  // Node calls the first text the actual one: 1 is only in it, -1 only in the second.
  return diff(out, into).map(([operation, text]) => ({
    sign: operation === 0 ? ' ' : operation === 1 ? '-' : '+',
    text,
  }));
}

function hunksOf(edits: readonly Edit[]): string[] {
  const changed = edits.flatMap(({ sign }, index) => (sign === ' ' ? [] : [index]));
  const ranges: { from: number; to: number }[] = [];
  for (const index of changed) {
    const last = ranges.at(-1);
    if (last !== undefined && index - CONTEXT <= last.to) last.to = Math.min(index + CONTEXT + 1, edits.length);
    else ranges.push({ from: Math.max(0, index - CONTEXT), to: Math.min(index + CONTEXT + 1, edits.length) });
  }
  return ranges.flatMap(({ from, to }) => {
    const hunk = edits.slice(from, to);
    const count = (sign: '-' | '+', of: readonly Edit[]): number =>
      of.filter((edit) => edit.sign === ' ' || edit.sign === sign).length;
    const side = (sign: '-' | '+'): string => {
      const lines = count(sign, hunk);
      return `${count(sign, edits.slice(0, from)) + (lines === 0 ? 0 : 1)},${lines}`;
    };
    return [`@@ -${side('-')} +${side('+')} @@`, ...hunk.map(({ sign, text }) => sign + text)];
  });
}
