/** Tasks, stages and environments filled in: the whole of a pack, order, systems, paths, and the place of each mistake. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bootEnv as bootEnvShape,
  type Task,
  type TemplateEntry,
  task as taskShape,
} from '../../../src/content/objects.ts';
import { missingParams, type RenderContext, renderTask } from '../../../src/life/render/index.ts';
import { seal } from '../../../src/life/seal.ts';
import { catalogueOf, contextOf, KEYS, lifeOf, machineOf, refusal } from './examples.ts';

const taskOf = (templates: Partial<TemplateEntry>[], more: Partial<Task> = {}): Task =>
  taskShape.parse({ name: 't', templates: templates.map((each, i) => ({ name: `n${i}`, ...each })), ...more });

/** One template, as the script of a task. */
const script = (contents: string, context: RenderContext = contextOf()): string =>
  renderTask(taskOf([{ contents }]), context).steps[0]?.content ?? '';

/** In the style of Digital Rebar's own packs. */
const PACK = catalogueOf({
  templates: [
    {
      id: 'setup.tmpl',
      contents: `#!/bin/bash
set -e
{{- if .ParamExists "http-proxy" }}
export http_proxy="{{ .Param "http-proxy" }}"
{{- end }}
export RS_UUID="{{ .Machine.UUID }}" RS_ENDPOINT="{{ .ApiURL }}"
`,
    },
    {
      id: 'users.sh.tmpl',
      contents: `{{ template "setup.tmpl" . }}
{{ range $user, $key := .Param "access-keys" -}}
add_key {{ $user | quote }} {{ $key | quote }}
{{ end -}}
{{ $mode := .Param "ssh-root-mode" -}}
{{ if eq $mode "yes" }}echo "PermitRootLogin yes"{{ else }}echo "PermitRootLogin {{ $mode }}"{{ end }} >> /etc/ssh/sshd_config
`,
    },
  ],
  params: [
    { name: 'ssh-root-mode', schema: { type: 'string', default: 'without-password' } },
    { name: 'root-password', secure: true },
  ],
  profiles: [
    { name: 'global', params: { 'http-proxy': 'http://proxy:3128' } },
    { name: 'ops', params: { 'access-keys': { ann: 'ssh-ed25519 A', bob: 'ssh-ed25519 B' } } },
  ],
  tasks: [
    {
      name: 'ssh-access',
      requiredParams: ['access-keys'],
      templates: [
        { name: 'users', id: 'users.sh.tmpl', meta: { OS: 'linux' } },
        {
          name: 'facts',
          path: '{{ .Machine.ShortName }}/facts.json',
          contents:
            '{"mac": "{{ (index .Machine.HardwareAddrs 0) }}", "keys": {{ .ParamAsJSON "access-keys" | trim }}}',
          meta: { OS: 'linux, darwin' },
        },
        {
          name: 'password',
          contents: 'import os; print({{ .Param "root-password" | quote }})',
          meta: { OS: 'any', Interpreter: '/usr/bin/python3' },
        },
        { name: 'users.ps1', contents: '{{ .Param "windows-only" }}', meta: { OS: 'windows' } },
      ],
    },
  ],
});

const packContext = (number: number, password = 'hunter22'): RenderContext =>
  contextOf({
    machine: machineOf(number),
    catalogue: PACK,
    life: lifeOf({ profiles: ['ops'], params: { 'root-password': seal(KEYS.publicKey, password) } }),
  });

const PACKED = PACK.tasks.get('ssh-access');
assert.ok(PACKED);
const packed = PACKED;

describe('a task', () => {
  it('of a pack in the style of Digital Rebar is filled in', () => {
    const { steps, secrets } = renderTask(packed, packContext(1));
    assert.deepEqual(steps, [
      {
        name: 'users',
        content: `#!/bin/bash
set -e
export http_proxy="http://proxy:3128"
export RS_UUID="${machineOf(1).id}" RS_ENDPOINT="http://192.168.1.250:8080"

add_key "ann" "ssh-ed25519 A"
add_key "bob" "ssh-ed25519 B"
echo "PermitRootLogin without-password" >> /etc/ssh/sshd_config
`,
      },
      {
        name: 'facts',
        path: 'm1/facts.json',
        content: '{"mac": "52:54:00:00:00:01", "keys": {"ann":"ssh-ed25519 A","bob":"ssh-ed25519 B"}}',
      },
      { name: 'password', content: 'import os; print("hunter22")', interpreter: '/usr/bin/python3' },
    ]);
    assert.deepEqual(secrets, ['hunter22']);
  });

  it('is filled in with each machine’s own values', () => {
    const [one, two] = [renderTask(packed, packContext(1, 'first one')), renderTask(packed, packContext(2, 'other'))];
    for (const [i, step] of one.steps.entries()) assert.notEqual(step.content, two.steps[i]?.content, step.name);
    assert.equal(two.steps[1]?.path, 'm2/facts.json');
    assert.deepEqual([one.secrets, two.secrets], [['first one'], ['other']]);
    assert.deepEqual(renderTask(packed, packContext(1, 'first one')), one, 'and the same again for the same machine');
  });

  it('leaves out what is for other systems', () => {
    const task = taskOf([
      { contents: 'none', meta: {} },
      { contents: 'os', meta: { os: 'Windows , LINUX' } },
      { contents: 'OS', meta: { OS: 'windows' } },
      { contents: 'any', meta: { os: 'any' } },
    ]);
    const of = (targetOs: string) => renderTask(task, contextOf({ targetOs })).steps.map(({ content }) => content);
    assert.deepEqual(of('linux'), ['none', 'os', 'any']);
    assert.deepEqual(of('windows'), ['none', 'os', 'OS', 'any']);
    assert.deepEqual(of('esxi'), ['none', 'any']);
  });

  it('may name its templates to each other, and use what other texts define', () => {
    const catalogue = catalogueOf({
      templates: [
        { id: 'broken.tmpl', contents: '{{ define "x" }' },
        { id: 'library.tmpl', contents: '{{ define "greet" }}hello {{ .Machine.ShortName }}{{ end }}' },
      ],
    });
    const task = taskOf([
      { name: 'a', contents: '{{ template "b" . }}, {{ template "greet" . }}, {{ template "own" 1 }}' },
      { name: 'b', contents: 'b of {{ .Task.Name }}{{ define "own" }}own {{ . }}{{ end }}' },
    ]);
    assert.equal(renderTask(task, contextOf({ catalogue })).steps[0]?.content, 'b of t, hello m1, own 1');
  });

  it('has paths that are absolute, or below its own folder', () => {
    const pathOf = (path: string) => renderTask(taskOf([{ path, contents: 'x' }]), contextOf()).steps[0]?.path;
    assert.equal(pathOf('/etc/{{ .Machine.ShortName }}'), '/etc/m1');
    assert.equal(pathOf('a/./b/../c\n'), 'a/c');
    for (const [path, message] of [
      ['../x', /is not below the task's folder/],
      ['a/../../x', /is not below the task's folder/],
      ['{{ "" }}', /it is empty, once it is filled in/],
      ['a/', /is a folder/],
      ['a\nb', /control characters/],
    ] as const) {
      const error = refusal(() => pathOf(path));
      assert.match(error.message, message, path);
      assert.equal(error.problems[0]?.field, 'templates[0].path');
    }
  });
});

describe('what cannot be filled in', () => {
  it('for want of params names all of them at once', () => {
    const task = taskOf([{ contents: '{{ .Param "a" }}' }], { requiredParams: ['a', 'c', 'b'] });
    const context = contextOf({ life: lifeOf({ params: { c: null } }) });
    const error = refusal(() => renderTask(task, context));
    assert.equal(error.message, 'task t needs params a, b, which machine m1.example.org does not have.');
    assert.deepEqual(error.problems, [
      { field: 'params.a', message: 'is needed by task t' },
      { field: 'params.b', message: 'is needed by task t' },
    ]);
    assert.deepEqual(missingParams(task.requiredParams, context), ['a', 'b']);
  });

  it('is told with template, line and column, all templates at once', () => {
    const catalogue = catalogueOf({ templates: [{ id: 'shared.tmpl', contents: 'one\ntwo {{ .Param "none" }}' }] });
    const task = taskOf([
      { name: 'install', contents: 'fine\n{{ if .Param "x" }}' },
      { name: 'by-id', id: 'shared.tmpl' },
      { name: 'calling', contents: '\n\n\n{{ template "shared.tmpl" . }}' },
      { name: 'fine', contents: 'fine' },
      { name: 'placed', path: 'a/{{ .Machine.Nme }}', contents: 'x' },
      { name: 'gone', id: 'shraed.tmpl' },
      { name: 'param', contents: '{{ .ParamExpand "p" }}' },
    ]);
    const life = lifeOf({ params: { p: 'a\n{{ .Param "q" }}' } });
    const error = refusal(() => renderTask(task, contextOf({ catalogue, life })));
    assert.equal(error.code, 'INVALID_INPUT');
    assert.match(
      error.message,
      /^task t cannot be filled in for machine m1\.example\.org: template "install": line 2, column \d+ of the template: .*never closed.* \(and 5 more\)$/,
    );
    assert.deepEqual(
      error.problems.map(({ field, line, message }) => [field, line, message.slice(0, 50)]),
      [
        ['templates[0].contents', 2, '{{if}} is never closed; expected {{end}}'],
        ['templates[1].id', 2, '.Param "none": no such param; it is not in machine'],
        ['templates[2].contents', 2, 'shared template "shared.tmpl": .Param "none": no s'],
        ['templates[4].path', 1, 'a Machine has no field or method "Nme"; did you me'],
        ['templates[5].id', undefined, 'there is no shared template "shraed.tmpl"; did you'],
        ['templates[6].contents', 2, 'param "p": .Param "q": no such param; it is not in'],
      ],
    );
  });

  it('is not swallowed where it is no fault of the template', () => {
    const token = (): string => {
      throw new Error('the store is closed');
    };
    assert.throws(() => script('{{ .GenerateToken }}', contextOf({ token })), /the store is closed/);
  });
});

describe('templates without end', () => {
  const life = lifeOf({ params: { p: '{{ .ParamExpand "p" }}', q: '{{ .BootParams }}' } });
  const catalogue = catalogueOf({
    templates: [
      { id: 'self', contents: '{{ template "self" . }}' },
      { id: 'ping', contents: '{{ .CallTemplate "pong" . }}' },
      { id: 'pong', contents: '{{ with .CallTemplate "ping" . }}{{ . }}{{ end }}' },
      { id: 'wide', contents: '{{ range until 100 }}{{ template "wide2" $ }}{{ end }}' },
      { id: 'wide2', contents: '{{ range until 1000 }}{{ template "wide3" $ }}{{ end }}' },
      { id: 'wide3', contents: '{{ range until 1000 }}{{ . }}{{ end }}' },
    ],
  });
  const bootEnv = bootEnvShape.parse({ name: 'e', bootParams: '{{ .ParamExpand "q" }}' });
  const context = contextOf({ life, catalogue, bootEnv });

  for (const [text, message] of [
    ['{{ template "self" . }}', /of the shared template "self": nested more than 400 deep/],
    ['{{ .CallTemplate "ping" . }}', /nested more than 400 deep \(does a template call itself for ever\?\)/],
    ['{{ .ParamExpand "p" }}', /of the param "p": nested more than 400 deep/],
    ['{{ .BootParams }}', /nested more than 400 deep/],
    ['{{ template "n0" . }}', /nested more than 400 deep/],
    ['{{ template "wide" . }}', /rendering takes more than 1000000 steps/],
    ['{{ range until 1000 }}{{ repeat 2000 "x" }}{{ end }}', /exceeds 1048576 bytes/],
  ] as const) {
    it(`are refused: ${text}`, () => {
      const error = refusal(() => script(text, context));
      assert.equal(error.code, 'INVALID_INPUT');
      assert.match(error.message, message);
    });
  }

  it('share what a task may use', () => {
    const step = { contents: '{{ range until 4000 }}{{ . | add 1 | add 1 | add 1 }}{{ end }}' };
    assert.equal(renderTask(taskOf([step]), contextOf()).steps.length, 1);
    const many = taskOf(Array.from({ length: 100 }, () => step));
    assert.match(refusal(() => renderTask(many, contextOf())).message, /more than 1000000 steps/);
    const large = taskOf(Array.from({ length: 5 }, () => ({ contents: 'x'.repeat(1 << 20) })));
    assert.match(
      refusal(() => renderTask(large, contextOf())).message,
      /all templates together write more than 4194304/,
    );
  });

  it('leave enough for templates that only call many others', () => {
    const deep = catalogueOf({
      templates: Array.from({ length: 50 }, (_, i) => ({
        id: `t${i}`,
        contents: i === 0 ? 'end' : `${i} {{ template "t${i - 1}" . }}`,
      })),
    });
    assert.match(script('{{ template "t49" . }}', contextOf({ catalogue: deep })), /^49 48 .* 1 end$/);
  });
});
