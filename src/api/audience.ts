import type { EventFilter, Filtered } from '../store/event-filter.ts';

/** Who listens, by what they listen for: an event costs only those whom it may concern. */
export class Audience<Listener extends { filter: EventFilter }> {
  readonly #all = new Set<Listener>();
  readonly #ofEverything = new Set<Listener>();
  readonly #byMachine = new Map<string, Set<Listener>>();
  readonly #byWorkflow = new Map<string, Set<Listener>>();

  get size(): number {
    return this.#all.size;
  }

  add(listener: Listener): void {
    this.#all.add(listener);
    for (const set of this.#places(listener)) set.add(listener);
  }

  delete(listener: Listener): void {
    this.#all.delete(listener);
    for (const set of this.#places(listener)) set.delete(listener);
    const { machines = [], workflows = [] } = listener.filter;
    for (const id of machines) if (this.#byMachine.get(id)?.size === 0) this.#byMachine.delete(id);
    for (const id of workflows) if (this.#byWorkflow.get(id)?.size === 0) this.#byWorkflow.delete(id);
  }

  clear(): void {
    for (const set of [this.#all, this.#ofEverything, this.#byMachine, this.#byWorkflow]) set.clear();
  }

  all(): Iterator<Listener> & Iterable<Listener> {
    return this.#all.values();
  }

  /** Those whom an event may concern, each once: whoever comes or goes meanwhile is counted as far as they are there. */
  *of(event: Filtered): Generator<Listener, undefined> {
    yield* this.#ofEverything;
    const ofMachine = event.machine === undefined ? undefined : this.#byMachine.get(event.machine);
    const ofWorkflow = event.workflow === undefined ? undefined : this.#byWorkflow.get(event.workflow);
    if (ofMachine) yield* ofMachine;
    for (const listener of ofWorkflow ?? []) if (!ofMachine?.has(listener)) yield listener;
  }

  #places({ filter: { machines = [], workflows = [] } }: Listener): Set<Listener>[] {
    if (machines.length === 0 && workflows.length === 0) return [this.#ofEverything];
    return [...machines.map((id) => setOf(this.#byMachine, id)), ...workflows.map((id) => setOf(this.#byWorkflow, id))];
  }
}

function setOf<Listener>(map: Map<string, Set<Listener>>, id: string): Set<Listener> {
  const known = map.get(id) ?? new Set();
  map.set(id, known);
  return known;
}
