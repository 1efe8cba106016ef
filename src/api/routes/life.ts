/** `/api/v1/machines/:reference/…`: the life of a machine, and what it is told to do. */
import { z } from 'zod';
import { type Operation, operation } from '../openapi/index.ts';
import { presentLife, presentParams } from '../present-life.ts';
import type { Services } from '../services.ts';
import {
  bootEnvBody,
  life,
  listBody,
  machineParams,
  paramsBody,
  paramsQuery,
  profilesBody,
  sealingKey,
  stageBody,
  taskPreviewBody,
  taskStep,
  tasksBody,
} from '../shapes/life.ts';
import { data } from '../shapes/page.ts';

const nothing = z.strictObject({});

export function lifeOperations({ machines, lives, content, sealingPublicKey }: Services): Operation[] {
  const isSecure = (param: string): boolean => content.find('params', param)?.secure === true;

  /** A change of the life; the answer is what has become of it. */
  const change = <const Word extends string, Shape extends z.ZodType>(
    word: Word,
    { id, summary, shape }: { id: string; summary: string; shape: Shape },
    make: (machine: string, body: z.infer<Shape>) => Promise<unknown>,
  ): Operation =>
    operation(
      {
        id,
        method: 'post',
        path: `/machines/:reference/${word}`,
        summary,
        body: { kind: 'json', shape, limit: '4mb' },
        answer: { kind: 'json', shape: data(life) },
        codes: ['NOT_FOUND', 'CONFLICT'],
      },
      async ({ params, body }) => {
        const machine = machines.find((params as { reference: string }).reference);
        await make(machine.id, body as z.infer<Shape>);
        return { data: presentLife(lives.view(machine.id), isSecure) };
      },
    );

  return [
    operation(
      {
        id: 'getLife',
        method: 'get',
        path: '/machines/:reference/life',
        summary: 'The stage that a machine is in, its Tasks, and why nothing is begun on it.',
        answer: { kind: 'json', shape: data(life) },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => ({ data: presentLife(lives.view(machines.find(params.reference).id), isSecure) }),
    ),
    change(
      'stage',
      { id: 'setStage', summary: 'Enter a stage: its Tasks are run, from the first.', shape: stageBody },
      (machine, body) => lives.setStage(machine, body),
    ),
    change(
      'list',
      {
        id: 'setStageList',
        summary: 'Go through a list of stages, from the first; Digital Rebar calls it a workflow.',
        shape: listBody,
      },
      (machine, body) => lives.setList(machine, body),
    ),
    change(
      'bootenv',
      { id: 'setBootEnv', summary: 'Boot another environment from the next start on.', shape: bootEnvBody },
      (machine, body) => lives.setBootEnv(machine, body),
    ),
    change(
      'run',
      {
        id: 'runMachine',
        summary: 'Begin Tasks again after a halt: one that is incomplete goes on, one that failed is run anew.',
        shape: nothing,
      },
      (machine) => lives.run(machine),
    ),
    change(
      'pause',
      {
        id: 'pauseMachine',
        summary: 'Begin no more Tasks until it is told to run; what runs goes on.',
        shape: nothing,
      },
      (machine) => lives.pause(machine),
    ),
    change(
      'tasks',
      {
        id: 'changeTasks',
        summary: 'Change the Tasks that are still to come in the stage.',
        shape: tasksBody,
      },
      (machine, body) => {
        if ('set' in body) return lives.setTasks(machine, body.set);
        return 'add' in body ? lives.addTasks(machine, body.add, body.at) : lives.removeTasks(machine, body.remove);
      },
    ),
    change(
      'params',
      {
        id: 'changeParams',
        summary: 'Set values of params for a machine, and take others away. Secure ones are given sealed.',
        shape: paramsBody,
      },
      (machine, body) => lives.setParams(machine, body),
    ),
    change(
      'profiles',
      { id: 'setProfiles', summary: 'Give a machine these profiles and no others.', shape: profilesBody },
      (machine, { profiles }) => lives.setProfiles(machine, profiles),
    ),
    change(
      'lock',
      { id: 'lockMachine', summary: 'Refuse every change of its life until it is unlocked.', shape: nothing },
      (machine) => lives.setLocked(machine, true),
    ),
    change('unlock', { id: 'unlockMachine', summary: 'Allow changes again.', shape: nothing }, (machine) =>
      lives.setLocked(machine, false),
    ),
    operation(
      {
        id: 'getParams',
        method: 'get',
        path: '/machines/:reference/params',
        summary: 'Values of params that are set for a machine, or all that count for it.',
        query: paramsQuery,
        answer: { kind: 'json', shape: data(machineParams) },
        codes: ['NOT_FOUND'],
      },
      ({ params, query }) => {
        const { id } = machines.find(params.reference);
        const own = Object.entries(lives.view(id).params).map(
          ([name, value]) => [name, { value, from: 'machine' }] as [string, { value: unknown; from: string }],
        );
        return { data: presentParams(query.aggregate ? lives.effective(id) : own, isSecure) };
      },
    ),
    operation(
      {
        id: 'previewTask',
        method: 'post',
        path: '/machines/:reference/tasks/preview',
        summary: 'Show what the templates of a Task become for a machine; no Job is created.',
        body: { kind: 'json', shape: taskPreviewBody, limit: '64kb' },
        answer: { kind: 'json', shape: data(z.array(taskStep)) },
        codes: ['NOT_FOUND', 'CONFLICT'],
      },
      ({ params, body }) => ({ data: lives.preview(machines.find(params.reference).id, body.task) }),
    ),
    operation(
      {
        id: 'getSealingKey',
        method: 'get',
        path: '/sealing-key',
        summary: 'The public key with which values of secure params are sealed before they are sent.',
        answer: { kind: 'json', shape: data(sealingKey) },
      },
      () => ({ data: { key: sealingPublicKey } }),
    ),
  ];
}
