/** Steps of Tasks that are containers, filled in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Task, taskStep } from '../../../src/content/objects.ts';
import { renderTask } from '../../../src/life/render/index.ts';
import { seal } from '../../../src/life/seal.ts';
import { catalogueOf, contextOf, KEYS, lifeOf, refusal } from './examples.ts';

const catalogue = catalogueOf({ params: [{ name: 'disk' }, { name: 'word', secure: true }] });
const context = contextOf({
  catalogue,
  life: lifeOf({ params: { disk: '/dev/vda', word: seal(KEYS.publicKey, 'hunter22'), size: 512 } }),
});
const taskOf = (...steps: object[]): Task => {
  const templates = steps.map((step, index) => taskStep.parse({ name: `t${index}`, ...step }));
  return catalogueOf({ tasks: [{ name: 'burn', templates }] }).tasks.get('burn') as Task;
};

describe('a container in a Task', () => {
  it('is filled in where it has texts, and read as an action of a template is', () => {
    const task = taskOf(
      { contents: 'echo first', timeout: 5 },
      {
        ...{
          image: 'image2disk:{{ .Machine.ShortName }}',
          timeout: '{{ .Param "size" }}',
          privileged: 'no',
          cpus: 0.5,
        },
        ...{ command: ['--disk', '{{ .Param "disk" }}', 3], memory: '{{ .Param "size" }}m', pid: 'host' },
        ...{ environment: { WORD: '{{ .Param "word" }}', COUNT: 2, EMPTY: null }, namespaces: { network: 'none' } },
        ...{ volumes: ['/srv/{{ .Machine.ShortName }}:/srv'], meta: { OS: 'linux' } },
      },
      { image: 'other', meta: { OS: 'windows' } },
    );
    const { steps, secrets } = renderTask(task, context);
    assert.deepEqual(JSON.parse(JSON.stringify(steps)), [
      { name: 't0', content: 'echo first', timeout: 5 },
      {
        name: 't1',
        timeout: 512,
        container: {
          ...{ image: 'image2disk:m1', command: ['--disk', '/dev/vda', '3'], volumes: ['/srv/m1:/srv'] },
          environment: { WORD: 'hunter22', COUNT: '2', EMPTY: '' },
          ...{ pid: 'host', network: 'none', privileged: false, memory: 512 << 20, cpus: 0.5 },
        },
      },
    ]);
    assert.deepEqual(secrets, ['hunter22']);
  });

  it('that cannot be filled in, or is none then, is told with its field', () => {
    const task = taskOf(
      { image: 'a{{ .Param "nowhere" }}' },
      { image: 'Not An Image {{ .Param "disk" }}', volumes: ['{{ .Param "disk" }}'] },
    );
    const { message, problems } = refusal(() => renderTask(task, context));
    assert.match(message, /^task burn cannot be filled in for machine m1.example.org: container "t0": .*nowhere/);
    assert.deepEqual(
      problems.map(({ field }) => field),
      ['templates[0]', 'templates[1].volumes[0]', 'templates[1].image'],
    );
  });
});
