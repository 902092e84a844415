"""Training records: Example, SequenceExample and their features."""

MESSAGES = """\
BytesList: 1 value bytes*
FloatList: 1 value float*
Int64List: 1 value int64*
Feature: 1 bytes_list BytesList |kind; 2 float_list FloatList |kind; 3 int64_list Int64List |kind
Features: 1 feature string->Feature
FeatureList: 1 feature Feature*
FeatureLists: 1 feature_list string->FeatureList
Example: 1 features Features
SequenceExample: 1 context Features; 2 feature_lists FeatureLists
"""
