/** Circles among named things. Pure. */

/**
 * Circles that lead back to where they begin, each once, and told from its first name by the alphabet on. Where several
 * share a part, one of them at least is told.
 */
export function cyclesOf(names: Iterable<string>, next: (name: string) => readonly string[]): string[][] {
  const done = new Set<string>();
  const found = new Map<string, string[]>();
  for (const start of names) {
    // The way that led here, and what is still to be tried at each step: chains may be longer than the stack is deep.
    const way: string[] = [];
    const at = new Map<string, number>();
    const open: { name: string; rest: Iterator<string> }[] = [];
    const enter = (name: string): void => {
      at.set(name, way.length);
      way.push(name);
      open.push({ name, rest: next(name)[Symbol.iterator]() });
    };
    if (!done.has(start)) enter(start);
    for (let step = open.at(-1); step !== undefined; step = open.at(-1)) {
      const { value, done: isOver } = step.rest.next();
      if (isOver) {
        done.add(step.name);
        at.delete(step.name);
        way.pop();
        open.pop();
        continue;
      }
      const earlier = at.get(value);
      if (earlier !== undefined) {
        const cycle = fromFirst(way.slice(earlier));
        found.set(JSON.stringify(cycle), cycle);
      } else if (!done.has(value)) enter(value);
    }
  }
  return [...found.values()];
}

function fromFirst(cycle: readonly string[]): string[] {
  const first = cycle.reduce((least, name, index) => (name < (cycle[least] ?? name) ? index : least), 0);
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
