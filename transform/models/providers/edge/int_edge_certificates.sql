{{ config(materialized='ephemeral') }}

-- What is served is compared with what the others hold, and held by nobody else.
select {{ certificate_columns() }} where false
