/** What goes into the OSIE, by kernel: Debian packages, programs, libraries, kernel modules. */

/** Which of Debian's kernels: `generic` for machines, `cloud` (virtio only) for a quicker lab. */
export type Kernel = 'generic' | 'cloud';

export const KERNEL_PACKAGE: Record<Kernel, string> = {
  generic: 'linux-image-amd64',
  cloud: 'linux-image-cloud-amd64',
};

export const PACKAGES = [
  ...['docker.io', 'containerd', 'runc', 'tini'],
  ...['busybox-static', 'util-linux', 'mount', 'kmod', 'kexec-tools'],
  ...['e2fsprogs', 'dosfstools', 'fdisk', 'gdisk', 'parted', 'nvme-cli', 'hdparm'],
  'ipmitool',
  ...['curl', 'openssl', 'ca-certificates'],
  ...['libc6', 'libstdc++6', 'libgcc-s1'],
];

/** In the closure, but nothing of them is kept: not even unpacked. */
export const UNUSED_PACKAGES =
  /^(perl.*|libperl.*|python3.*|libpython3.*|iptables|libicu.*|libgdbm.*|adduser|passwd|debconf|dpkg|tar|initramfs-tools.*|klibc.*|libklibc|linux-(base|image).*|logsave|cpio|uuid-runtime|sysvinit-utils|lsb-base|init-system-helpers|coreutils|debianutils|gcc-12-base|bash|dash|login)$/;

/** Programs that are kept; busybox stands in for everything else. */
export const KEPT_PROGRAMS = [
  ...['dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc', 'tini-static', 'busybox'],
  ...['mke2fs', 'mkfs.ext2', 'mkfs.ext3', 'mkfs.ext4', 'e2fsck', 'fsck.ext4', 'resize2fs', 'tune2fs', 'dumpe2fs'],
  ...['mkfs.fat', 'mkfs.vfat', 'fsck.fat', 'fsck.vfat', 'fatlabel'],
  ...['sfdisk', 'fdisk', 'sgdisk', 'gdisk', 'parted', 'partprobe', 'partx', 'wipefs', 'blkdiscard', 'blockdev'],
  ...['lsblk', 'blkid', 'losetup', 'mount', 'umount', 'findmnt', 'mkswap', 'swapon', 'swapoff', 'nvme', 'hdparm'],
  ...['kexec', 'kmod', 'modprobe', 'insmod', 'rmmod', 'lsmod', 'depmod', 'modinfo', 'nsenter', 'unshare'],
  ...['curl', 'openssl', 'ipmitool'],
];

/** Libraries the worker's Node asks for, and those that the C library loads while it runs. */
export const NODE_LIBRARIES = [
  ...['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'librt.so.1', 'libstdc++.so.6', 'libgcc_s.so.1'],
  ...['ld-linux-x86-64.so.2', 'libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'],
];

/**
 * Kernel modules, as paths below the kernel's module folder; `*` is any text, `{a,b}` a choice. What these depend on is
 * added. A pattern that matches nothing in one kernel is fine: the cloud kernel has few of them.
 */
export const MODULES = [
  // disks: SATA, NVMe, virtio, SCSI and RAID controllers, USB, SD cards
  'kernel/drivers/ata/*',
  'kernel/drivers/nvme/host/*',
  'kernel/drivers/virtio/*',
  'kernel/drivers/block/{virtio_blk,loop,nbd,xen-blkfront}.ko',
  'kernel/drivers/scsi/*',
  'kernel/drivers/message/*',
  'kernel/drivers/md/*',
  'kernel/drivers/usb/{host,core,common,storage}/*',
  'kernel/drivers/cdrom/*',
  'kernel/drivers/mmc/*',
  // network cards
  'kernel/drivers/net/ethernet/*',
  'kernel/drivers/net/{phy,mdio,bonding,hyperv}/*',
  'kernel/drivers/net/{virtio_net,vmxnet3,net_failover,xen-netfront,dummy,veth,macvlan,mii}.ko',
  'kernel/drivers/net/usb/{usbnet,r8152,ax88179_178a,asix,cdc_ether,cdc_ncm}.ko',
  'kernel/net/{802,8021q,llc,bridge,packet,core}/*',
  // file systems
  'kernel/fs/{ext4,jbd2,fat,nls,xfs,btrfs,overlayfs,squashfs,isofs,efivarfs}/*',
  'kernel/fs/fuse/{fuse,virtiofs}.ko',
  // checksums and ciphers of file systems and of dm-crypt
  'kernel/crypto/{crc32c*,xxhash*,blake2b*,sha256*,xor*,aes*,xts*,cbc*,ecb*,essiv*,cryptd*,crct10dif*}.ko',
  'kernel/arch/x86/crypto/{crc32*,crct10dif*,aesni*,sha256*}.ko',
  // keyboard, console, management controller, virtual machine
  'kernel/drivers/hid/{hid,hid-generic,hid-hyperv}.ko',
  'kernel/drivers/hid/usbhid/*',
  'kernel/drivers/hv/*',
  'kernel/drivers/char/virtio_console.ko',
  'kernel/drivers/char/{hw_random,ipmi}/*',
  'kernel/drivers/firmware/{qemu_fw_cfg,dmi-sysfs}.ko',
  'kernel/drivers/watchdog/{iTCO_wdt,i6300esb}.ko',
];

/** Left out of the above: Fibre Channel and iSCSI offload (need firmware files), and buses of the last century. */
export const LEFT_OUT_MODULES = [
  'kernel/drivers/scsi/{lpfc,qla2xxx,bfa,qedf,qedi,bnx2fc,bnx2i,cxgbi,fcoe,libfc,aic7xxx,aic94xx,pcmcia,snic,csiostor}/*',
  'kernel/drivers/scsi/{scsi_debug,53c700,BusLogic,advansys,initio,ips,dc395x,a100u2w,dmx3191d,imm,ppa}*.ko',
  'kernel/drivers/md/dm-vdo/*',
  'kernel/drivers/usb/host/{u132*,sl811*,r8a6659*,isp116*,isp1362*,oxu210*,max3421*}.ko',
  'kernel/drivers/mmc/host/{vub300,ushc,wbsd,toshsd,alcor}*.ko',
  'kernel/drivers/net/ethernet/{8390,i825xx,smsc,fujitsu,xircom,3com,adaptec,packetengines,silan,sis,natsemi}/*',
  'kernel/drivers/net/ethernet/{sun,toshiba,tehuti,rdc,ec_bhf,micrel,microchip,neterion,netronome,pensando}/*',
  'kernel/drivers/net/ethernet/{fungible,wangxun,vertexcom,ni,huawei,ti}/*',
];
