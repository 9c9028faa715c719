//! Names that are known to make nothing but data.
//!
//! Sources: what `torch.save`, NumPy, joblib, pandas and Python's own classes write, seen in real files and in
//! their `__reduce__` methods. A name is here only after a look at what it does with hostile arguments.

use super::Standing;
use super::table::{self, Table};

pub(super) fn standing(module: &str, name: &str) -> Option<Standing> {
    let tables = [
        (DATA, Standing::Data),
        (TORCH, Standing::Data),
        (NUMPY, Standing::Data),
        (LIBRARIES, Standing::Data),
        (CALLERS, Standing::Caller),
        (PARTIAL, Standing::Partial),
        (ATTRIBUTE, Standing::Attribute),
        (UNPICKLER, Standing::Unpickler),
    ];
    tables.into_iter().find(|(names, _)| table::has(names, module, name)).map(|(_, standing)| standing)
}

pub(super) fn unpickles(module: &str, name: &str) -> bool {
    table::has(UNPICKLER, module, name)
}

/// Those that call the first thing that they are given.
const CALLERS: Table = &[
    ("collections", "defaultdict"),
    ("torch._tensor", "_rebuild_from_type _rebuild_from_type_v2"),
    ("copyreg", "__newobj__ __newobj_ex__ _reconstructor"),
];

const PARTIAL: Table = &[("functools", "partial"), ("_functools", "partial")];

const ATTRIBUTE: Table = &[("builtins", "getattr")];

const UNPICKLER: Table = &[("torch.storage", "_load_from_bytes")];

/// Python's own.
const DATA: Table = &[
    (
        "builtins",
        "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple Ellipsis \
         NotImplemented NoneType *Error *Exception *Warning StopIteration KeyboardInterrupt",
    ),
    ("_codecs", "encode"),
    ("_collections", "OrderedDict deque"),
    ("collections", "ChainMap Counter OrderedDict UserDict UserList UserString deque"),
    ("datetime", "date datetime time timedelta timezone"),
    ("decimal", "Context Decimal"),
    ("_decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("uuid", "SafeUUID UUID"),
    ("pathlib", "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"),
    ("pathlib._local", "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"),
    ("argparse", "Namespace"),
    ("types", "SimpleNamespace"),
    ("random", "Random"),
    ("_random", "Random"),
    ("array", "array _array_reconstructor"),
    ("ipaddress", "IPv4Address IPv4Network IPv6Address IPv6Network"),
    ("re", "RegexFlag _compile"),
    ("_io", "BytesIO StringIO"),
    ("io", "BytesIO StringIO"),
    ("logging", "getLogger"),
    ("zoneinfo", "ZoneInfo._unpickle"),
    ("calendar", "Day Month"),
    ("http", "HTTPStatus"),
    ("signal", "Signals"),
];

/// PyTorch's.
const TORCH: Table = &[
    (
        "torch._utils",
        "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state \
         _rebuild_qtensor _rebuild_sparse_tensor _rebuild_sparse_csr_tensor _rebuild_nested_tensor \
         _rebuild_meta_tensor_no_storage _rebuild_wrapper_subclass _rebuild_device_tensor_from_numpy \
         _rebuild_device_tensor_from_cpu_tensor _rebuild_xla_tensor _rebuild_mlc_tensor",
    ),
    ("torch.nested._internal.nested_tensor", "_rebuild_njt"),
    (
        "torch",
        "*Storage *Tensor Size device dtype Generator memory_format layout bool uint* int* float* double half short \
         long bfloat16 complex* cfloat cdouble chalf bcomplex32 qint8 qint32 quint8 \
         quint4x2 quint2x4 bits* per_* strided sparse_* jagged _mkldnn \
         contiguous_format channels_last* preserve_format",
    ),
    ("torch.cuda", "*Storage *Tensor"),
    ("torch.sparse", "*Tensor"),
    ("torch.cuda.sparse", "*Tensor"),
    ("torch.storage", "TypedStorage UntypedStorage _TypedStorage _UntypedStorage"),
    ("torch.serialization", "_get_layout"),
    ("torch.nn.parameter", "Buffer Parameter UninitializedBuffer UninitializedParameter"),
    ("torch._tensor", "Tensor"),
    ("torch.torch_version", "TorchVersion"),
    ("torch.version", "TorchVersion"),
    ("torch.jit._pickle", "build_* restore_type_tag"),
    ("torch.nn.functional", ACTIVATIONS),
    ("torch._C._nn", ACTIVATIONS),
    ("torch", "relu relu_ tanh sigmoid softmax"),
    ("torch.distributed.checkpoint.metadata", "@"),
    ("torch.distributed.checkpoint.planner", "@"),
    ("torch.distributed.checkpoint.filesystem", "_StorageInfo _StoragePrefix"),
    ("torch.distributed.checkpoint._fsspec_filesystem", "_StorageInfo"),
    ("torch.distributed._shard.*", "@ ShardedTensor.ProcessGroupState"),
    ("torch.distributed.tensor.*", "@"),
    ("torch.distributed._tensor.*", "@"),
    ("torch.distributed.device_mesh", "@"),
    ("torch.distributed._mesh_layout", "@"),
    ("torch.distributed.remote_device", "_remote_device"),
    ("torch.nn.attention", "SDPBackend"),
];

/// Functions that models keep as attributes; they compute and do nothing else.
const ACTIVATIONS: &str = "celu cross_entropy elu gelu glu hardsigmoid hardswish hardtanh l1_loss leaky_relu linear \
     log_softmax logsigmoid mish mse_loss nll_loss normalize one_hot relu relu6 relu_ scaled_dot_product_attention selu \
     sigmoid silu smooth_l1_loss softmax softmin softplus softsign tanh tanhshrink";

/// NumPy's and those of its element types.
const NUMPY: Table = &[
    (
        "numpy",
        "ndarray dtype matrix recarray record generic number integer signedinteger unsignedinteger inexact floating \
         complexfloating flexible character bool bool_ int8 int16 int32 int64 intc intp int_ long longlong byte short \
         uint8 uint16 uint32 uint64 uintc uintp uint ulong ulonglong ubyte ushort float16 float32 float64 float128 \
         float96 half single double longdouble float_ complex64 complex128 complex256 csingle cdouble clongdouble \
         complex_ str_ unicode_ bytes_ string_ object_ void datetime64 timedelta64 str int float complex object",
    ),
    ("numpy._core.multiarray", "_reconstruct scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy._core._internal", "_convert_to_stringdtype_kwargs"),
    ("numpy.dtypes", "*DType"),
    ("numpy.random._pickle", "__bit_generator_ctor __generator_ctor __randomstate_ctor"),
    ("numpy.random._mt19937", "MT19937"),
    ("numpy.random._pcg64", "PCG64 PCG64DXSM"),
    ("numpy.random._philox", "Philox"),
    ("numpy.random._sfc64", "SFC64"),
    ("numpy.random.bit_generator", "SeedSequence SeedlessSeedSequence __pyx_unpickle_SeedSequence"),
    ("numpy.random._generator", "Generator"),
    ("numpy.random.mtrand", "RandomState"),
    ("numpy.ma.core", "MaskedArray MaskedConstant _mareconstruct"),
    ("numpy.rec", "recarray record"),
    ("numpy", "rec.recarray"),
    ("ml_dtypes", "bfloat16 float8_* float6_* float4_* int4 uint4 int2 uint2"),
];

/// Functions of other libraries that their objects are made with.
const LIBRARIES: Table = &[
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"),
    ("pandas.core.indexes.period", "_new_PeriodIndex"),
    ("pandas.core.internals.blocks", "new_block"),
    ("pandas._libs.internals", "_unpickle_block"),
    ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"),
    ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"),
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"),
    ("sklearn.neighbors._kd_tree", "newObj"),
    ("sklearn.neighbors._ball_tree", "newObj"),
    ("sklearn.metrics._dist_metrics", "newObj"),
];
