import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../../src/errors.ts';
import { checkTemplate, renderTemplate, type TemplateData } from '../../../src/workflows/template/index.ts';
import { CLOUD_IMAGE, OS_INSTALLATION, WORKFLOW_SERVICES } from './examples.ts';

const MAC = '08:00:27:00:00:01';
const DATA: TemplateData = {
  devices: { device_1: MAC, server: '192.168.1.1' },
  hardware: {
    Disks: ['/dev/nvme0n1'],
    Interfaces: [{ dhcp: { ip: { address: '192.168.1.51', netmask: '255.255.255.0' } } }],
  },
  workflowid: 'a8984b09',
};

function refusal(work: () => unknown): TinsmithError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof TinsmithError, String(error));
    assert.equal(error.code, 'INVALID_INPUT');
    return error;
  }
  assert.fail('accepted');
}

/** `line:column field` of each problem. */
function places(error: TinsmithError): string[] {
  return error.problems.map(({ line, column, field }) => `${line}:${column} ${field}`);
}

describe('rendering examples', () => {
  test('the example of proposal 0014 without services', () => {
    assert.deepEqual(checkTemplate(OS_INSTALLATION), { name: 'ubuntu_provisioning', warnings: [] });
    const volumes = ['/dev:/dev', '/dev/console:/dev/console', '/lib/firmware:/lib/firmware:ro'];
    const run = { kind: 'image', command: [], environment: { MIRROR_HOST: '<MIRROR_HOST_IP>' } };
    const usual = { condition: true, background: false, retries: { limit: 0, backoff: 10 } };
    assert.deepEqual(renderTemplate(OS_INSTALLATION, DATA).document, {
      version: '0.1',
      name: 'ubuntu_provisioning',
      globalTimeout: 6000,
      data: { kind: 'json' },
      services: [],
      onFailure: [],
      onTimeout: [],
      tasks: [
        {
          name: 'os-installation',
          worker: MAC,
          timeout: 0,
          actions: [
            { ...usual, name: 'disk-wipe', timeout: 90, run: { ...run, image: 'disk-wipe:v1.0.42', volumes } },
            {
              ...usual,
              name: 'disk-partition',
              timeout: 600,
              run: { ...run, image: 'disk-partition:v1.0.42', volumes: [...volumes, '/statedir:/statedir'] },
            },
            {
              ...usual,
              name: 'install-root-fs',
              timeout: 600,
              run: { ...run, image: 'install-root-fs:v1.0.42', volumes },
            },
          ],
        },
      ],
    });
  });

  test('the example of proposal 0014, as it stands', () => {
    assert.deepEqual(checkTemplate(WORKFLOW_SERVICES), { name: 'ubuntu_provisioning', warnings: [] });
    const devices = { ...DATA.devices, provisioner1: 'provisioner' };
    const { document } = renderTemplate(WORKFLOW_SERVICES, { ...DATA, devices });
    const rule = (rule: string): string => `traefik.http.routers.myrouter.rule=${rule}`;
    const host = rule('Host(`a8984b09.workflows.tinkerbell.local`)');
    const usual = { command: [], volumes: [], environment: {}, ports: [], restart: { when: 'on-failure' } };
    assert.deepEqual(document.services, [
      {
        ...usual,
        name: 'serve boot files',
        worker: 'provisioner',
        image: 'osie-boot-files-server:v1.0.42',
        labels: [host, ...['/kernel', '/initrd', '/modules', '/auto.ipxe'].map((path) => rule(`Path(\`${path}\`)`))],
        startTimeout: 120,
      },
      {
        ...usual,
        name: 'password receiver',
        worker: 'provisioner',
        image: 'password-receiver:v1.0.42',
        labels: [host, ...['/key', '/password'].map((path) => rule(`Path(\`${path}\`)`))],
        startTimeout: 120,
      },
    ]);
    assert.equal(document.tasks[0]?.actions.length, 3);
  });

  test('the same with a bare name for the worker', () => {
    const bare = OS_INSTALLATION.replace('{{.device_1}}', '{{ device_1 }}');
    assert.equal(renderTemplate(bare, DATA).document.tasks[0]?.worker, MAC);
  });

  test('a cloud image, with functions and hardware data', () => {
    assert.deepEqual(checkTemplate(CLOUD_IMAGE), { name: 'ubuntu-noble', warnings: [] });
    const { document } = renderTemplate(CLOUD_IMAGE, DATA);
    const [stream, grow, write, reboot] = document.tasks[0]?.actions.map(({ run }) => run) ?? [];
    assert.deepEqual(stream?.kind === 'image' && stream.environment, {
      MIRROR: 'http://192.168.1.1:8080',
      DEST_DISK: '/dev/nvme0n1',
      IMG_URL: 'http://192.168.1.1:8080/noble.raw.gz',
      COMPRESSED: 'true',
    });
    assert.equal(
      grow?.kind === 'image' && grow.environment.CMD_LINE,
      'growpart /dev/nvme0n1 1 && resize2fs /dev/nvme0n1p1',
    );
    assert.ok(write?.kind === 'image');
    assert.match(write.environment.CONTENTS ?? '', /addresses: \[192\.168\.1\.51\/24\]\n$/);
    assert.equal(write.environment.MODE, '0644', 'numbers stay as written');
    assert.deepEqual(reboot?.kind === 'image' && [reboot.pid, reboot.command, reboot.volumes.at(-1)], [
      'host',
      ['reboot'],
      '/var/run/docker.sock:/var/run/docker.sock',
    ]);
  });

  test('the rendered text and the places of fields come with it', () => {
    const rendered = renderTemplate(OS_INSTALLATION, DATA);
    assert.match(rendered.text, new RegExp(`worker: ${MAC}\n`));
    assert.deepEqual(rendered.placeOf('tasks[0].worker'), { line: 7, column: 13, hole: '{{.device_1}}' });
    assert.deepEqual(rendered.placeOf('tasks[0].actions[1].image'), { line: 19, column: 16, hole: undefined });
    assert.equal(rendered.placeOf('tasks[9].worker'), undefined);
  });

  test('all kinds of data are visible', () => {
    const text = head('{{.device_1}}-{{.hardware.id}}-{{.references.x}}-{{workflowid}}-{{.Hardware.Disks}}');
    const { document } = renderTemplate(text, { ...DATA, hardwareObject: { id: 'h' }, references: { x: 1 } });
    assert.equal(document.tasks[0]?.worker, `${MAC}-h-1-a8984b09-[/dev/nvme0n1]`);
  });

  test('range and if may make tasks and actions', () => {
    const text = `version: "0.1"
name: many
tasks:
{{- range $i, $disk := .Hardware.Disks }}
  - name: wipe-{{ $i }}
    worker: {{ $.device_1 }}
    actions:
      - name: wipe
        image: wipe
        environment: {DISK: {{ $disk }}}
      {{- if $i }}
      - {name: last, verb: reboot}
      {{- end }}
{{- end }}
`;
    assert.deepEqual(checkTemplate(text), { name: 'many', warnings: [] });
    const { document } = renderTemplate(text, { ...DATA, hardware: { Disks: ['/dev/a', '/dev/b'] } });
    assert.deepEqual(
      document.tasks.map(({ actions }) => actions.map(({ name }) => name)),
      [['wipe'], ['wipe', 'last']],
    );
  });
});

/** A whole template whose worker is `worker`, with `action` after the name of its action. */
function head(worker = '{{.device_1}}', action = 'image: a'): string {
  return `version: "0.1"
name: n
tasks:
  - name: t
    worker: ${worker}
    actions:
      - name: a
        ${action}
`;
}

describe('rendering refuses', () => {
  test('a hole without value, at its place, naming what there is', () => {
    const error = refusal(() => renderTemplate(head('{{.devcie_1}}'), DATA));
    assert.deepEqual(places(error), ['5:15 ']);
    assert.match(
      error.message,
      /line 5, column 15.*"devcie_1"; did you mean "device_1"\?; there are: Hardware, device_1, server, workflowid/,
    );
  });

  test('a hole whose value is null', () => {
    const error = refusal(() => renderTemplate(head('{{.x}}'), { devices: { x: null } }));
    assert.match(error.message, /line 5, column 15.*\.x has no value/);
  });

  test('hardware data where there is none', () => {
    assert.match(
      refusal(() => renderTemplate(head('{{.Hardware.Disks}}'), { devices: {} })).message,
      /no value for "Hardware"/,
    );
  });

  test('a device with the name of something else', () => {
    const error = refusal(() => renderTemplate(head(), { devices: { hardware: 'x', device_1: 'y' } }));
    assert.deepEqual(error.problems, [{ field: 'devices.hardware', message: '"hardware" is reserved' }]);
  });

  test('an empty worker, named with its hole', () => {
    const error = refusal(() => renderTemplate(head('{{.x}}'), { devices: { x: '' } }));
    assert.deepEqual(places(error), ['5:5 tasks[0].worker']);
    assert.match(error.message, /worker is empty/);
  });

  test('a bad image that a hole filled in, at the hole', () => {
    const error = refusal(() => renderTemplate(head('w', 'image: {{ .x }}:v1'), { devices: { x: 'Bad' } }));
    assert.deepEqual(places(error), ['8:16 tasks[0].actions[0].image']);
    assert.match(error.message, /"Bad:v1" is no image name: .*capital letters.*\(in what \{\{ \.x \}\} filled in\)/);
  });

  test('YAML broken by what a hole of many lines filled in, at the hole', () => {
    const error = refusal(() => renderTemplate(head('{{ .x }}'), { devices: { x: 'a\n  b: [\n c' } }));
    assert.equal(error.problems[0]?.line, 5);
    assert.equal(error.problems[0]?.column, 13);
    assert.match(error.message, /in what \{\{ \.x \}\} filled in/);
  });

  test('mistakes after a hole of many lines, at their own places', () => {
    const text = `version: "0.1"
name: n
tasks:
  - name: t
    worker: w
    environment:
      {{ .env }}
    acitons: []
    actions:
      - {name: a, image: a, tiemout: 3}
`;
    const error = refusal(() => renderTemplate(text, { devices: { env: 'A: 1\n      B: 2\n      C: 3' } }));
    assert.deepEqual(places(error), ['8:5 tasks[0].acitons', '10:29 tasks[0].actions[0].tiemout']);
    assert.match(error.problems[0]?.message ?? '', /did you mean "actions"/);
  });
});

describe('checking at upload', () => {
  test('holes stand for any value', () => {
    const text = head('{{.w}}', 'image: {{ .registry }}/{{ .image }}:{{ .tag }}').replace(
      'actions:',
      'environment: {{ toYaml .env }}\n    volumes: ["{{ .source }}:/dst", "{{ .volume }}"]\n    actions:',
    );
    assert.deepEqual(checkTemplate(text), { name: 'n', warnings: [] });
    assert.deepEqual(checkTemplate(head('w', 'image: a\n        timeout: {{ .t }}\n        {{ .key }}: 1')), {
      name: 'n',
      warnings: [],
    });
    assert.deepEqual(checkTemplate(head('w', 'verb: {{ .verb }}')), { name: 'n', warnings: [] });
  });

  test('holes on lines of their own stand for any lines', () => {
    assert.deepEqual(checkTemplate('version: "0.1"\nname: n\ntasks:\n{{ .tasks }}\n'), { name: 'n', warnings: [] });
    assert.deepEqual(checkTemplate('version: "0.1"\nname: n\n{{ .rest }}\n'), { name: 'n', warnings: [] });
    assert.deepEqual(checkTemplate(head('w', 'image: a\n        environment:\n          {{ toYaml .env }} # all')), {
      name: 'n',
      warnings: [],
    });
  });

  test('definitions and variables write nothing by themselves', () => {
    const text = `{{ $image := "a" }}{{ define "img" }}reg/{{ . }}{{ end }}${head('w', 'image: {{ template "img" $image }}')}`;
    assert.deepEqual(checkTemplate(text), { name: 'n', warnings: [] });
  });

  const refusals: [string, string, string[], RegExp][] = [
    ['a mistake in a hole', head('{{.device_1'), ['6:12 '], /expected := .*; the {{ of line 5 is not closed before/],
    ['a hole that never ends', 'name: n\na: {{ .x', ['2:4 '], /never closed/],
    ['an unknown function', head('{{ uper .x | printf "a" }}'), ['5:16 '], /no function "uper"/],
    ['an unknown template', head('{{ if .x }}{{ template "x" }}{{ end }}'), ['5:24 '], /no template "x"/],
    ['broken YAML', head('w', 'image: "a'), ['9:1 '], /YAML: Missing closing "quote/],
    ['broken YAML after holes', head('{{ .a }}', 'image: [a\n      - b'), ['9:7 '], /YAML: /],
    [
      'an unknown key',
      head('{{.w}}', 'imgae: {{ .a }}'),
      ['7:9 tasks[0].actions[0].image', '8:9 tasks[0].actions[0].imgae'],
      /did you mean "image"/,
    ],
    ['a bad image', head('{{.w}}', 'image: A'), ['8:16 tasks[0].actions[0].image'], /capital/],
    [
      'a bad timeout',
      head('{{.w}}', 'image: a\n        timeout: -1'),
      ['9:18 tasks[0].actions[0].timeout'],
      /"-1" is no time/,
    ],
    ['a name that is a hole', head().replace('name: n', 'name: {{ .n }}'), ['2:7 name'], /must be written out/],
    [
      'a name that is partly a hole',
      head().replace('name: n', 'name: a-{{ .n }}'),
      ['2:7 name'],
      /must be written out/,
    ],
    ['no name', head().replace('name: n\n', ''), ['1:1 name'], /name is missing/],
    [
      'no name where the structure depends on values',
      '{{ if .x }}\nname: x\n{{ end }}',
      ['1:1 name'],
      /no line "name: …"/,
    ],
    [
      'an open name where the structure depends on values',
      'name: {{ .a }}\n{{ if .x }}{{ end }}',
      ['1:1 name'],
      /written out/,
    ],
    [
      'an empty name where the structure depends on values',
      'name: \n{{ if .x }}{{ end }}',
      ['1:1 name'],
      /name is empty/,
    ],
    ['nothing', '', ['1:1 '], /document is empty/],
  ];
  for (const [name, text, expected, message] of refusals) {
    test(`refuses ${name}`, () => {
      const error = refusal(() => checkTemplate(text));
      assert.deepEqual(places(error), expected);
      assert.ok(
        error.problems.some((problem) => message.test(problem.message)),
        JSON.stringify(error.problems),
      );
    });
  }

  test('a template of more than 1 MiB is refused', () => {
    assert.match(refusal(() => checkTemplate(`${head()}#${'x'.repeat(1024 * 1024)}`)).message, /longer than 1048576/);
  });

  test('templates that call one another without end stop the check, not the process', () => {
    const levels = Array.from({ length: 19 }, (_, level) => {
      return `{{ define "l${level}" }}${`{{ template "l${level + 1}" }}`.repeat(10)}{{ end }}`;
    });
    const text = `${levels.join('')}{{ define "l19" }}${'x'.repeat(1000)}{{ end }}name: n\nx: {{ template "l0" }}`;
    assert.deepEqual(checkTemplate(text), { name: 'n', warnings: [] });
    assert.match(refusal(() => renderTemplate(text, DATA)).message, /exceeds 262144 bytes/);
  });

  test('all problems are told, but not more than a hundred', () => {
    const error = refusal(() => checkTemplate(head('w', `image: a\n${'        x: 1\n'.repeat(300)}`)));
    assert.equal(error.problems.length, 100);
    assert.match(error.message, /and 299 more/);
  });
});
