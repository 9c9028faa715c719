//! Names that run code, start programs, open files or connections, or lead to something that does.
//!
//! Python's own modules need no entry: whatever of them is not known to make data is dangerous.

use super::standard;
use super::table::{self, Table};

/// Why a name is dangerous, where it is known to be.
pub(super) fn reason(module: &str, name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or_default();
    if let Some(reason) = attribute(last) {
        return Some(reason);
    }
    // A module as an attribute of another one is a way around every list of modules.
    if standard::is_module(name.split('.').next().unwrap_or_default()) && !table::has(NAMESAKES, "", name) {
        return Some("reaches a module of Python through another one");
    }
    let root = module.split('.').next().unwrap_or_default();
    if WHOLE.contains(&root) {
        return Some("belongs to a package that runs programs, code or connections");
    }
    table::has(NAMES, module, name).then_some("runs code, reads or writes files, or loads libraries")
}

/// Why something of this name is dangerous in whatever module it is found.
pub(super) fn attribute(name: &str) -> Option<&'static str> {
    if ATTRIBUTES.contains(&name) {
        return Some("runs programs or code");
    }
    let special = name.starts_with("__") && name.ends_with("__") && name.len() > 4;
    (special && !matches!(name, "__newobj__" | "__newobj_ex__")).then_some("reaches into how Python works")
}

/// Names of things that execute, wherever they are imported from: modules import them from each other.
const ATTRIBUTES: &[&str] = &[
    "CDLL", "CodeType", "FunctionType", "LambdaType", "LibraryLoader", "OleDLL", "Popen", "PyDLL", "WinDLL",
    "_eval_scalar", "_exec_load_entry_point", "_run_code", "_run_module_as_main", "attrgetter", "call", "check_call",
    "check_output", "compile", "delattr", "dlopen", "eval", "exec", "exec_command", "exec_module", "execfile", "execl",
    "execle", "execlp", "execv", "execve", "execvp", "execvpe", "find_library", "fork_exec", "getattr", "getoutput",
    "getstatusoutput", "import_module", "interact", "load_library", "load_module", "load_source", "methodcaller",
    "myeval", "popen", "popen2", "popen3", "popen4", "posix_spawn", "posix_spawnp", "reload", "rmtree", "run_module",
    "run_path", "runcode", "runsource", "runstring", "setattr", "spawn", "spawnl", "spawnle", "spawnlp", "spawnv",
    "spawnve", "spawnvp", "startfile", "subprocess_exec", "subprocess_shell", "system", "unlink", "unsafe_load",
    "urlopen", "urlretrieve",
];

/// Attributes of libraries that only have the name of a module of Python.
const NAMESAKES: Table = &[("", "select stat copy string trace test profile array operator time token types random numbers")];

/// Packages of which nothing belongs into a saved model.
const WHOLE: &[&str] = &[
    "Cython", "IPython", "Pyro4", "Pyro5", "aiohttp", "asteval", "asyncssh", "billiard", "boto3", "botocore", "celery",
    "cffi", "comtypes", "cython", "dask", "dill", "cloudpickle", "distributed", "docker", "dulwich", "execnet", "fabric",
    "flask", "fsspec", "gevent", "git", "gitpython", "gunicorn", "httpx", "huggingface_hub", "invoke", "ipykernel",
    "jinja2", "js2py", "jupyter_client", "jupyter_core", "kubernetes", "mako", "nbconvert", "nbformat", "notebook",
    "numexpr", "paramiko", "pathos", "pexpect", "pip", "pkg_resources", "playwright", "plumbum", "ppft", "psutil",
    "psycopg", "psycopg2", "ptyprocess", "pyautogui", "pycurl", "pymongo", "pymysql", "pythoncom", "pywintypes", "py4j",
    "pyximport", "ray", "redis", "requests", "requests_html", "rpyc", "ruamel", "s3fs", "scapy", "selenium",
    "setuptools", "sh", "simpleeval", "smmap", "sqlalchemy", "starlette", "streamlit", "tornado", "twisted", "urllib3",
    "uvicorn", "virtualenv", "websocket", "websockets", "wheel", "win32api", "win32com", "win32con", "win32file",
    "win32process", "winrm", "wx", "yaml", "zmq", "_cffi_backend", "pydevd", "debugpy", "loky",
];

/// Names in packages that models do need.
const NAMES: Table = &[
    ("torch.hub", "*"),
    ("torch.jit.*", "load save script trace compile CompilationUnit RecursiveScriptModule *Wrapper"),
    ("torch.package.*", "*"),
    ("torch.utils.cpp_extension", "*"),
    ("torch.utils.bottleneck.*", "*"),
    ("torch._dynamo.*", "*"),
    ("torch._inductor.*", "*"),
    ("torch._export.*", "*"),
    ("torch.onnx.*", "*"),
    ("torch.testing.*", "*"),
    ("torch.multiprocessing.*", "*"),
    ("torch.distributed.rpc.*", "*"),
    ("torch.distributed.launcher.*", "*"),
    ("torch.distributed.elastic.*", "*"),
    ("torch.distributed.run", "*"),
    ("torch._weights_only_unpickler", "*"),
    ("torch.ops.*", "*"),
    ("torch.classes.*", "*"),
    ("torch._ops", "*"),
    ("torch._classes", "*"),
    ("torch.fx.*", "*"),
    ("numpy", "load loads save savez fromfile memmap DataSource genfromtxt loadtxt savetxt"),
    ("numpy.distutils.*", "*"),
    ("numpy.f2py.*", "*"),
    ("numpy.testing.*", "*"),
    ("numpy.ctypeslib.*", "*"),
    ("numpy.lib.*", "*"),
    ("joblib.*", "load dump Parallel Memory *Backend *Pool *Executor"),
    ("pandas.*", "read_* ExcelWriter HDFStore"),
    ("pandas.core.computation.*", "*"),
    ("pandas.io.*", "*"),
    ("tensorflow.*", "load* write_file read_file py_function numpy_function"),
    ("keras.*", "load* deserialize*"),
    ("transformers.dynamic_module_utils", "*"),
];
