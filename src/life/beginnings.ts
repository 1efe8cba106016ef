/** How lives begin: with the stage that a machine enters, and with all that is given to one that was found. */
import { type Content, IN_MEMORY, type Stage } from '../content/index.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import type { Start } from '../machines/discovery/discovery.ts';
import type { EventLog } from '../store/events.ts';
import type { Transaction } from '../store/store.ts';
import type { Course } from './course.ts';
import { paramProblems } from './param-problems.ts';
import { lifeOf, putLife } from './record.ts';

/** The param that has what a machine is made of, where the content has such a one. */
const INVENTORY = 'inventory';

/** Puts a machine into a stage; it is restarted first where it is in another environment. */
export function enterStage(course: Course, transaction: Transaction, machine: string, stage: Stage): void {
  const { in: seen } = lifeOf(transaction, machine);
  const restarts = stage.reboot || (seen !== undefined && stage.bootEnv !== '' && stage.bootEnv !== seen.bootEnv);
  const way = restarts && seen !== undefined ? 'reboot' : undefined;
  course.enter(transaction, machine, stage, way, `on its way to stage ${stage.name}`);
  course.advance(transaction, machine);
}

/** Lives of machines that were found. */
export class Beginnings {
  readonly #content: Pick<Content, 'catalogue'>;
  readonly #course: Course;
  readonly #events: EventLog;
  readonly #clock: () => number;

  constructor(parts: {
    content: Pick<Content, 'catalogue'>;
    course: Course;
    events: EventLog;
    clock: () => number;
  }) {
    this.#content = parts.content;
    this.#course = parts.course;
    this.#events = parts.events;
    this.#clock = parts.clock;
  }

  /** What of a beginning is not there, or does not fit. */
  problemsOf({ profiles, stage, params }: Pick<Start, 'profiles' | 'stage' | 'params'>): Problem[] {
    const catalogue = this.#content.catalogue();
    const missing = profiles.flatMap((name, i): Problem[] =>
      catalogue.profiles.has(name) ? [] : [{ field: `profiles[${i}]`, message: `names ${name}, which is not there` }],
    );
    if (stage !== undefined && !catalogue.stages.has(stage))
      missing.push({ field: 'stage', message: `names ${stage}, which is not there` });
    return [...missing, ...paramProblems(catalogue, params)];
  }

  /**
   * Begins the life of a machine that was found, in the change that makes it. Its worker runs in the in-memory system.
   * @throws TinsmithError INVALID_INPUT with all that is not there, or does not fit
   */
  begin(transaction: Transaction, machine: string, start: Start): void {
    const problems = this.problemsOf(start);
    if (problems.length > 0)
      throw new TinsmithError(
        'INVALID_INPUT',
        `${problems.map((each) => `${each.field} ${each.message}`).join('; ')}.`,
        {
          next: 'Add what is missing, or name something else.',
          problems,
        },
      );
    const { profiles, boot, agent } = start;
    const params = { ...this.#told(start), ...start.params };
    const at = this.#clock();
    const seen = { bootEnv: IN_MEMORY, boot, ...(agent === undefined ? {} : { agent }), at };
    putLife(transaction, machine, { ...lifeOf(transaction, machine), profiles: [...profiles], params, in: seen });
    const set = Object.keys(params);
    if (profiles.length > 0) this.#tell(transaction, machine, 'machine.profiles', { profiles });
    if (set.length > 0) this.#tell(transaction, machine, 'machine.params', { set, unset: [] });
    const stage = start.stage === undefined ? undefined : this.#course.stage(start.stage);
    if (stage) enterStage(this.#course, transaction, machine, stage);
  }

  /** The inventory as a param, where the content has such a one that takes it. */
  #told({ inventory }: Start): Record<string, unknown> {
    const catalogue = this.#content.catalogue();
    const told = { [INVENTORY]: inventory };
    return catalogue.params.has(INVENTORY) && paramProblems(catalogue, told).length === 0 ? told : {};
  }

  #tell(transaction: Transaction, machine: string, kind: string, data: Record<string, unknown>): void {
    this.#events.append(transaction, { kind, machine, data });
  }
}
