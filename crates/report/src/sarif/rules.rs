//! The rules of a scan in words.

use super::log::{Message, ReportingDescriptor};

/// Id, name and summary of each kind of finding; those of one subject share their help.
const RULES: &[(&str, &str, &str)] = &[
    ("artifact.refused", "Contradiction", "The artifact contradicts itself, so that readers refuse it."),
    ("compressed.large", "LargeExpansion", "Compressed data expands beyond what is read."),
    ("compressed.malformed", "BrokenCompression", "Compressed data is damaged."),
    ("compressed.trailing", "TrailingData", "Bytes follow compressed data."),
    ("file.executable", "Executable", "A program or native library lies among the files."),
    ("file.malformed", "BrokenFile", "A file contradicts its format."),
    ("file.media", "Media", "A picture, sound or document lies among the files."),
    ("file.notebook", "Notebook", "A notebook lies among the files."),
    ("file.pointer", "Pointer", "A pointer of Git LFS lies in place of a file."),
    ("file.script", "Script", "Source code lies among the files."),
    ("file.script-content", "DoubtfulScript", "Source code uses what models have little reason for."),
    ("folder.hidden", "HiddenFolder", "A folder that signatures leave out."),
    ("folder.link", "Link", "A symbolic link leads out of the folder or nowhere."),
    ("folder.special-file", "SpecialFile", "A device, pipe or socket lies among the files."),
    ("hf.custom-code", "CustomCode", "Settings name code that comes with the weights."),
    ("hf.trust-remote-code", "TrustRemoteCode", "Settings ask for remote code to be trusted."),
    ("index.path", "IndexPath", "An index names a file outside of its folder."),
    ("keras.custom-object", "CustomObject", "A Keras model names code that is not of Keras."),
    ("keras.lambda", "LambdaLayer", "A Keras model holds compiled Python code."),
    ("npy.malformed", "BrokenArray", "An array contradicts its format."),
    ("npy.objects", "ObjectArray", "An array holds Python objects, which are a pickle."),
    ("npy.trailing", "TrailingData", "Bytes follow an array."),
    ("onnx.external", "ExternalData", "Tensors lie in another file."),
    ("onnx.external-path", "ExternalPath", "A model names a file that it must not."),
    ("onnx.operator", "CustomOperator", "A model uses operators beyond the ONNX specification."),
    ("personal.email", "EmailAddress", "An e-mail address."),
    ("personal.home-path", "HomePath", "A path in somebody's home folder."),
    ("pickle.buffer", "OutOfBandBuffer", "A pickle needs a buffer from outside."),
    ("pickle.call", "PickleCall", "A pickle calls or makes something when it is loaded."),
    ("pickle.extension", "ExtensionRegistry", "A pickle uses a class from a registry outside of the file."),
    ("pickle.hidden", "HiddenPickle", "A pickle lies where none should be."),
    ("pickle.import", "PickleImport", "A pickle imports something when it is loaded."),
    ("pickle.indirect-call", "IndirectCall", "A pickle calls something that only loading would show."),
    ("pickle.malformed", "BrokenPickle", "A pickle ends before its end."),
    ("pickle.nested", "NestedPickle", "A pickle unpickles bytes that it holds."),
    ("pickle.persistent", "PersistentReference", "A pickle refers to code outside of it."),
    ("pickle.several", "SeveralPickles", "Several pickles follow each other."),
    (
        "pickle.special-attribute",
        "SpecialAttribute",
        "A pickle replaces a method that Python calls by itself.",
    ),
    ("pickle.trailing", "TrailingData", "Bytes follow a pickle."),
    ("scan.depth", "TooDeep", "Files lie too deep in each other to be read."),
    ("scan.limit", "TooMuch", "A file asks for more work than any file is worth."),
    ("secret.private-key", "PrivateKey", "A private key."),
    ("secret.token", "Token", "A key or token of a service."),
    ("secret.url-credentials", "UrlCredentials", "A URL with a password."),
    ("skops.type", "SkopsType", "A skops file names a type that is not known to be safe."),
    ("tar.link", "ArchiveLink", "An archive holds a link."),
    ("tar.malformed", "BrokenArchive", "An archive contradicts itself."),
    ("tar.path", "ArchivePath", "An archive holds a name that leads out."),
    ("template.escape", "TemplateEscape", "A template leads out of its sandbox."),
    ("tensorflow.operator", "TensorFlowOperator", "A graph runs Python or touches files."),
    ("torch.storage", "StorageMismatch", "A storage is not what the pickle says."),
    ("torchscript.code", "TorchScript", "An archive holds TorchScript code."),
    ("torchscript.files", "TorchScriptFiles", "TorchScript code reaches files."),
    ("yaml.python", "YamlObject", "YAML makes Python objects."),
    ("zip.checksum", "Checksum", "Bytes do not have their checksum."),
    ("zip.comment", "ArchiveComment", "An archive has a comment."),
    ("zip.contradiction", "ContradictoryArchive", "An archive means different things to different readers."),
    ("zip.encrypted", "Encrypted", "An archive says that a password is needed."),
    ("zip.gap", "ArchiveGap", "An archive has bytes that belong to nothing."),
    ("zip.hidden", "HiddenArchive", "An archive follows something else."),
    ("zip.link", "ArchiveLink", "An archive holds a link or a special file."),
    ("zip.malformed", "BrokenArchive", "An archive contradicts itself."),
    ("zip.path", "ArchivePath", "An archive holds a name that leads out."),
];

/// What to do, by the first word of the id.
const HELP: &[(&str, &str)] = &[
    ("pickle", "Load it only from a source that you trust, or ask for the weights as safetensors."),
    ("secret", "Revoke what leaked, remove it from the artifact and publish it again."),
    ("personal", "Remove it, or make sure that it may be published."),
    ("zip", "Ask for an archive as its framework writes it."),
    ("tar", "Ask for an archive as its framework writes it."),
    ("hf", "Read the code that comes with the weights before you allow it to run."),
    ("keras", "Load it with safe_mode, or ask for a model without custom code."),
];

/// The rule of an id.
pub(super) fn descriptor(id: &str) -> ReportingDescriptor {
    let found = RULES.iter().find(|(known, ..)| *known == id);
    let (name, summary) =
        found.map_or(("Finding", "A finding of a scan."), |(_, name, summary)| (*name, *summary));
    let subject = id.split('.').next().unwrap_or_default();
    let help = HELP.iter().find(|(known, _)| *known == subject).map(|(_, help)| *help);
    ReportingDescriptor {
        id: id.to_owned(),
        name,
        short_description: Message::text(summary),
        full_description: Message::text(summary),
        help: Message::text(help.unwrap_or("Look at it before you load the artifact.")),
    }
}
