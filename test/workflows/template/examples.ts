/** The example of Tinkerbell's proposal 0014, without its services. */
export const OS_INSTALLATION = `version: "0.1"
name: ubuntu_provisioning
global_timeout: 6000

tasks:
  - name: os-installation
    worker: {{.device_1}}
    volumes:
      - /dev:/dev
      - /dev/console:/dev/console
      - /lib/firmware:/lib/firmware:ro
    environment:
      MIRROR_HOST: <MIRROR_HOST_IP>
    actions:
      - name: disk-wipe
        image: disk-wipe:v1.0.42
        timeout: 90
      - name: disk-partition
        image: disk-partition:v1.0.42
        timeout: 600
        environment:
          MIRROR_HOST: <MIRROR_HOST_IP>
        volumes:
          - /statedir:/statedir
      - name: install-root-fs
        image: install-root-fs:v1.0.42
        timeout: 600
...
`;

/** The services of the same example. */
export const SERVICES = `services:
  - name: serve boot files
    worker: {{provisioner1}}
    image: osie-boot-files-server:v1.0.42
    labels:
      - "traefik.http.routers.myrouter.rule=Host(\`{{workflowid}}.workflows.tinkerbell.local\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/kernel\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/initrd\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/modules\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/auto.ipxe\`)"

  - name: password receiver
    worker: "{{provisioner1}}"
    image: password-receiver:v1.0.42
    labels:
      - "traefik.http.routers.myrouter.rule=Host(\`{{workflowid}}.workflows.tinkerbell.local\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/key\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/password\`)"
`;

/** The example as the proposal has it. */
export const WORKFLOW_SERVICES = OS_INSTALLATION.replace('\ntasks:', `${SERVICES}\ntasks:`);

/** A cloud image written to a disk, in the manner of Tinkerbell's documentation. */
export const CLOUD_IMAGE = `version: "0.1"
name: ubuntu-noble
global_timeout: 1800
tasks:
  - name: "os installation"
    worker: "{{.device_1}}"
    volumes:
      - /dev:/dev
      - /dev/console:/dev/console
      - /lib/firmware:/lib/firmware:ro
    environment:
      MIRROR: "http://{{ .server }}:8080"
    actions:
      - name: "stream image"
        image: quay.io/tinkerbell/actions/image2disk:latest
        timeout: 600
        environment:
          DEST_DISK: {{ index .Hardware.Disks 0 }}
          IMG_URL: "http://{{ .server }}:8080/noble.raw.gz"
          COMPRESSED: true
      - name: "grow partition"
        image: quay.io/tinkerbell/actions/cexec:latest
        timeout: 90
        environment:
          BLOCK_DEVICE: {{ index .Hardware.Disks 0 }}1
          FS_TYPE: ext4
          CHROOT: y
          DEFAULT_INTERPRETER: "/bin/sh -c"
          CMD_LINE: "growpart {{ index .Hardware.Disks 0 }} 1 && resize2fs {{ formatPartition ( index .Hardware.Disks 0 ) 1 }}"
      - name: "write netplan"
        image: quay.io/tinkerbell/actions/writefile:latest
        timeout: 90
        environment:
          DEST_DISK: {{ formatPartition ( index .Hardware.Disks 0 ) 1 }}
          FS_TYPE: ext4
          DEST_PATH: /etc/netplan/config.yaml
          CONTENTS: |
            network:
              version: 2
              ethernets:
                id0:
                  addresses: [{{ (index .Hardware.Interfaces 0).dhcp.ip.address }}/{{ netmaskToPrefixLength (index .Hardware.Interfaces 0).dhcp.ip.netmask }}]
          UID: 0
          GID: 0
          MODE: 0644
          DIRMODE: 0755
      - name: "reboot"
        image: ghcr.io/jacobweinstock/waitdaemon:latest
        timeout: 90
        pid: host
        command: ["reboot"]
        environment:
          IMAGE: alpine
          WAIT_SECONDS: 10
        volumes:
          - /var/run/docker.sock:/var/run/docker.sock
`;
