"""What goes into files beside a graph: collections, savers, signatures, checkpoints.

MetaGraphDef's ``object_graph_def`` (TF2 objects) and the type of a composite tensor are left out.
"""

MESSAGES = """\
enum VariableSynchronization: 0 VARIABLE_SYNCHRONIZATION_AUTO; 1 VARIABLE_SYNCHRONIZATION_NONE;
    2 VARIABLE_SYNCHRONIZATION_ON_WRITE; 3 VARIABLE_SYNCHRONIZATION_ON_READ
enum VariableAggregation: 0 VARIABLE_AGGREGATION_NONE; 1 VARIABLE_AGGREGATION_SUM;
    2 VARIABLE_AGGREGATION_MEAN; 3 VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA
VariableDef: 1 variable_name string; 6 initial_value_name string; 2 initializer_name string;
    3 snapshot_name string; 4 save_slice_info_def SaveSliceInfoDef; 5 is_resource bool; 7 trainable bool;
    8 synchronization VariableSynchronization; 9 aggregation VariableAggregation
SaveSliceInfoDef: 1 full_name string; 2 full_shape int64*; 3 var_offset int64*; 4 var_shape int64*
ValuesDef: 1 values string*; 2 external_values string->string
ControlFlowContextDef: 1 cond_ctxt CondContextDef |ctxt; 2 while_ctxt WhileContextDef |ctxt
CondContextDef: 1 context_name string; 2 pred_name string; 3 pivot_name string; 4 branch int32;
    5 values_def ValuesDef; 6 nested_contexts ControlFlowContextDef*
WhileContextDef: 1 context_name string; 2 parallel_iterations int32; 3 back_prop bool; 4 swap_memory bool;
    5 pivot_name string; 6 pivot_for_pred_name string; 7 pivot_for_body_name string;
    8 loop_exit_names string*; 10 loop_enter_names string*; 9 values_def ValuesDef;
    11 maximum_iterations_name string; 12 nested_contexts ControlFlowContextDef*
SaverDef: 1 filename_tensor_name string; 2 save_tensor_name string; 3 restore_op_name string;
    4 max_to_keep int32; 5 sharded bool; 6 keep_checkpoint_every_n_hours float;
    7 version CheckpointFormatVersion
enum SaverDef.CheckpointFormatVersion: 0 LEGACY; 1 V1; 2 V2
QueueRunnerDef: 1 queue_name string; 2 enqueue_op_name string*; 3 close_op_name string;
    4 cancel_op_name string; 5 queue_closed_exception_types int32*
MetaGraphDef: 1 meta_info_def MetaInfoDef; 2 graph_def GraphDef; 3 saver_def SaverDef;
    4 collection_def string->CollectionDef; 5 signature_def string->SignatureDef;
    6 asset_file_def AssetFileDef*
MetaGraphDef.MetaInfoDef: 1 meta_graph_version string; 2 stripped_op_list OpList;
    3 any_info .google.protobuf.Any; 4 tags string*; 5 tensorflow_version string;
    6 tensorflow_git_version string; 7 stripped_default_attrs bool; 8 function_aliases string->string
CollectionDef: 1 node_list NodeList |kind; 2 bytes_list BytesList |kind; 3 int64_list Int64List |kind;
    4 float_list FloatList |kind; 5 any_list AnyList |kind
CollectionDef.NodeList: 1 value string*
CollectionDef.BytesList: 1 value bytes*
CollectionDef.Int64List: 1 value int64*
CollectionDef.FloatList: 1 value float*
CollectionDef.AnyList: 1 value .google.protobuf.Any*
TensorInfo: 1 name string |encoding; 4 coo_sparse CooSparse |encoding;
    5 composite_tensor CompositeTensor |encoding; 2 dtype DataType; 3 tensor_shape TensorShapeProto
TensorInfo.CooSparse: 1 values_tensor_name string; 2 indices_tensor_name string;
    3 dense_shape_tensor_name string
TensorInfo.CompositeTensor: 2 components TensorInfo*
SignatureDef: 1 inputs string->TensorInfo; 2 outputs string->TensorInfo; 3 method_name string;
    4 defaults string->TensorProto
AssetFileDef: 1 tensor_info TensorInfo; 2 filename string
SavedModel: 1 saved_model_schema_version int64; 2 meta_graphs MetaGraphDef*
TensorSliceProto: 1 extent Extent*
TensorSliceProto.Extent: 1 start int64; 2 length int64 |has_length_hack
BundleHeaderProto: 1 num_shards int32; 2 endianness Endianness; 3 version VersionDef
enum BundleHeaderProto.Endianness: 0 LITTLE; 1 BIG
BundleEntryProto: 1 dtype DataType; 2 shape TensorShapeProto; 3 shard_id int32; 4 offset int64;
    5 size int64; 6 crc32c fixed32; 7 slices TensorSliceProto*
CheckpointState: 1 model_checkpoint_path string; 2 all_model_checkpoint_paths string*;
    3 all_model_checkpoint_timestamps double*; 4 last_preserved_timestamp double
"""
