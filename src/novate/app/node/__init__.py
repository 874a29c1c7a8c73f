"""The running node: one thread that owns the sockets, the journal and the venue.

settings, session_file   what is configured           directory   where everything lies
recovery                 how it stands again          core        the loop
up                       `novate up`                  inquiry     `novate status`, `novate doctor`
"""
