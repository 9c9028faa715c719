//! Packages of Debian, unpacked into the cache of the tests: emulators, and what programs for other processors are linked with.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use reproof_testing::python;

use crate::repository;

/// An emulator: the one on the PATH, or Debian's.
pub(super) fn emulator(name: &str) -> Result<PathBuf> {
    program(name, "qemu", "qemu-user-static")
}

/// A program: the one on the PATH, or the one of a package of Debian, unpacked into a folder of the cache.
pub(crate) fn program(name: &str, folder: &str, package: &str) -> Result<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|all| std::env::split_paths(&all).map(|folder| folder.join(name)).collect::<Vec<_>>());
    if let Some(found) = on_path.into_iter().find(|path| path.is_file()) {
        return Ok(found);
    }
    let folder = unpacked(folder, &[package.to_owned()])?;
    let program = folder.join("usr/bin").join(name);
    ensure!(program.is_file(), "the package {package} has no {name}");
    Ok(program)
}

/// Flags with which the compiler links programs that need nothing, for a processor as Debian calls it (`armhf`) and as GNU does
/// (`arm-linux-gnueabihf`).
pub(super) fn linking(debian: &str, gnu: &str) -> Result<Vec<String>> {
    // The number of the compiler, whose library the C library needs, is that of the release.
    let compiler = repository::output(Command::new("gcc").arg("-dumpversion"))?;
    let compiler = compiler.trim().split('.').next().unwrap_or_default().to_owned();
    let packages = [format!("libc6-dev-{debian}-cross"), format!("libgcc-{compiler}-dev-{debian}-cross")];
    let folder = unpacked(&format!("cross-{debian}"), &packages)?;
    let libraries = [
        folder.join("usr").join(gnu).join("lib"),
        folder.join("usr/lib/gcc-cross").join(gnu).join(&compiler),
    ];
    let mut flags = vec!["-Clinker=rust-lld".to_owned(), "-Ctarget-feature=+crt-static".to_owned()];
    flags.extend(libraries.iter().map(|library| format!("-L{}", library.display())));
    flags.extend(["crt1.o", "crti.o", "crtn.o"].map(|object| format!("-Clink-arg=-l:{object}")));
    Ok(flags)
}

/// The folder of the cache with these packages in it.
fn unpacked(name: &str, packages: &[String]) -> Result<PathBuf> {
    let folder = python::cache()?.join(name);
    let complete = folder.join("complete");
    if complete.is_file() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    for package in packages {
        unpack(package, &folder).with_context(|| format!("install the package {package}"))?;
    }
    std::fs::write(complete, packages.join("\n"))?;
    Ok(folder)
}

fn unpack(package: &str, folder: &Path) -> Result<()> {
    repository::output(Command::new("apt-get").args(["download", package]).current_dir(folder))?;
    let downloaded = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let Some(archive) = downloaded.into_iter().find(|path| path.extension().is_some_and(|end| end == "deb"))
    else {
        bail!("apt-get left no package");
    };
    repository::run(Command::new("dpkg-deb").arg("-x").args([&archive, folder]))?;
    Ok(std::fs::remove_file(archive)?)
}
