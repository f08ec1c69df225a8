"""Files: all that data names is located, fetched, unpacked and decoded here, and read in chunks.

===================  ==========================================================================
:mod:`.reading`      files as bytes and lines: compression, chunks
:mod:`.chunk`        a part of a file that is read and scored in one go
:mod:`.guard`        what data raises, in words
:mod:`.json_lines`   JSON values of lines, as tools really write them
:mod:`.location`     where inputs are: paths of this machine, URLs of object stores and servers
:mod:`.downloads`    files of web servers, fetched once and kept
:mod:`.hub`          data sets of the Hugging Face hub as files to read
:mod:`.tables`       tables in files, as rows
:mod:`.delimited`    delimited text as records, of which a broken one costs itself
:mod:`.columns`      which columns hold answers, references and ids
:mod:`.unpacking`    zip archives of logs, unpacked while the process lasts
:mod:`.workbooks`    tables in Excel workbooks
:mod:`.zip_members`  members of zip archives
===================  ==========================================================================
"""
