"""Calls that must be reported, in every protocol that names them differently."""

from .assembler import Value, call, glob, program
from .record import Record

COMMON = {
    "os system": ("echo never",),
    "posix system": ("echo never",),
    "nt system": ("echo never",),
    "builtins eval": ("never",),
    "builtins exec": ("never",),
    "builtins __import__": ("never",),
    "builtins getattr": ("never", "upper"),
    "builtins compile": ("never", "never", "exec"),
    "builtins open": ("never", "w"),
    "__builtin__ eval": ("never",),
    "__builtin__ execfile": ("never",),
    "__builtin__ getattr": ("never", "upper"),
    "subprocess Popen": ("never",),
    "subprocess check_output": ("never",),
}
"""With arguments; written in every protocol."""

FURTHER: dict[str, tuple[Value, ...]] = {
    dotted.strip(): ("never",)
    for dotted in """
    os popen|os execv|os spawnlp|os remove|os rename|os putenv|os startfile|os kill|os fork
    posix popen|posix execve|posix remove|posix open|posix.__dict__ system
    subprocess run|subprocess call|subprocess getoutput|subprocess getstatusoutput
    builtins breakpoint|builtins input|builtins setattr|builtins delattr|builtins vars
    builtins globals|builtins memoryview.__class__|builtins map|builtins filter
    runpy run_path|runpy run_module|runpy _run_code|webbrowser open|webbrowser open_new_tab
    webbrowser get|importlib import_module|importlib reload|importlib.util spec_from_file_location
    importlib._bootstrap _load|importlib.machinery SourceFileLoader|imp load_source|pkgutil resolve_name
    operator attrgetter|operator methodcaller|operator itemgetter|_operator attrgetter
    functools partial|functools reduce|_functools partial|itertools starmap
    torch.hub load|torch.hub load_state_dict_from_url|torch.hub _exec_load_entry_point
    torch load|torch.serialization load|torch.utils.cpp_extension load_inline
    torch.utils.data.datapipes.utils.decoder basichandlers|torch.utils.collect_env run
    torch.utils.bottleneck.__main__ run_cprofile|torch.utils.model_dump get_model_info
    torch._inductor.codecache compile_file|torch._dynamo.guards GuardBuilder.get|torch._dynamo compile
    torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression
    torch.fx.graph_module _forward_from_src|torch.jit load|torch.jit.unsupported_tensor_ops execWrapper
    torch.ops load_library|torch.classes load_library|torch.package PackageImporter
    torch.distributed.rpc.internal _run_function|torch._weights_only_unpickler load
    numpy.testing._private.utils runstring|numpy.testing runstring|numpy.f2py.crackfortran _eval_scalar
    numpy.f2py.crackfortran myeval|numpy.f2py compile|numpy load|numpy fromfile|numpy.ctypeslib load_library
    numpy.distutils.exec_command exec_command|pandas read_pickle|pandas.core.computation.eval eval
    pip main|pip._internal main|pip._internal.cli.main main|ensurepip _run_pip|venv create
    pydoc pipepager|pydoc tempfilepager|pydoc locate|pydoc safeimport|timeit timeit|timeit main
    cProfile run|cProfile runctx|profile run|profile Profile.run|trace Trace.run|pty spawn|pty fork
    ctypes CDLL|ctypes.util find_library|_ctypes dlopen|ctypes pythonapi|cffi FFI
    code InteractiveInterpreter|code InteractiveInterpreter.runcode|codeop compile_command|code interact
    asyncio create_subprocess_shell|asyncio.subprocess create_subprocess_exec
    asyncio.unix_events _UnixSubprocessTransport._start|concurrent.futures ProcessPoolExecutor
    multiprocessing.util spawnv_passfds|multiprocessing Process|threading Thread|_posixsubprocess fork_exec
    _io FileIO|_io open_code|io open|_pyio open|codecs open|fileinput input|pathlib Path.write_text
    pathlib Path.unlink|tempfile NamedTemporaryFile|mmap mmap
    socket socket|socket create_connection|_socket socket|ssl create_default_context|ftplib FTP
    http.client HTTPConnection|http.client HTTPSConnection|urllib.request urlopen|smtplib SMTP
    urllib.request urlretrieve|requests get|requests.api post|aiohttp.client ClientSession|telnetlib Telnet
    xmlrpc.client ServerProxy|poplib POP3|imaplib IMAP4|nntplib NNTP
    shutil rmtree|shutil move|shutil copyfile|shutil unpack_archive|tarfile open|zipfile ZipFile
    sys exit|sys.modules get|sys settrace|_sitebuiltins Quitter|signal signal|faulthandler _sigsegv
    bdb Bdb.run|bdb Bdb|pdb run|pdb Pdb|idlelib.pyshell ModifiedInterpreter.runcommand
    idlelib.run Executive.runcode|idlelib.autocomplete AutoComplete.get_entity|idlelib.debugobj ObjectTreeItem.SetText
    lib2to3.pgen2.pgen ParserGenerator.make_label|lib2to3.pgen2.grammar Grammar.loads|lib2to3.main main
    distutils.file_util write_file|distutils.spawn spawn|setuptools sandbox.run_setup
    doctest debug_script|unittest.mock _importer|unittest main|inspect getattr_static|site addsitedir
    types FunctionType|types CodeType|types.CodeType __new__|marshal loads|marshal load|shelve open|dbm open
    pickle loads|pickle load|_pickle loads|cPickle loads|dill loads|cloudpickle loads|joblib load
    cloudpickle.cloudpickle _make_function|dill._dill _create_function|dill._dill _import_module
    logging.config dictConfig|logging.config _resolve|sqlite3 connect|readline read_init_file|platform popen
    commands getoutput|popen2 popen2|thread start_new_thread|_thread start_new_thread|_aix_support _read_cmd_output
    _osx_support _read_output|_pyrepl.pager pipe_pager|test.support.script_helper assert_python_ok
    tkinter Tcl|turtle write|antigravity geohash|this s|rlcompleter Completer.attr_matches
    yaml unsafe_load|yaml.loader UnsafeLoader|jinja2 Template|IPython start_ipython|fabric run|paramiko SSHClient
    keras.models load_model|tensorflow load_library|tensorflow.io write_file|mlflow.pyfunc load_model
    transformers pipeline|transformers.dynamic_module_utils get_class_from_dynamic_module|accelerate launch
    """.replace("\n", "|").split("|")
    if dotted.strip()
}
"""Written in one protocol with `GLOBAL` and one with `STACK_GLOBAL`."""


def write(record: Record) -> None:
    """Writes all of them."""
    tables = [(COMMON, (0, 1, 2, 3, 4, 5)), (FURTHER, (2, 4))]
    for table, protocols in tables:
        for dotted, arguments in table.items():
            for protocol in protocols:
                name = f"{dotted.replace(' ', '-')}-protocol-{protocol}.pkl"
                content = program(call(dotted, arguments, protocol), protocol)
                record.dangerous("callable", name, content, f"call of {dotted}")
    # Named and never called: a reader cannot know what will be made of it.
    for protocol in (0, 4):
        content = program([1, glob("os system", protocol)], protocol)
        name = f"not-called-protocol-{protocol}.pkl"
        record.dangerous("callable", name, content, "os system named as a value")
